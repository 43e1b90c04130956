/* The chat template of a model: the caller's, the file's own or, if there is neither, the usual format of the
 * model's family. The formats are those of the families' own templates, without default system messages. */

/** @import { Model } from '../engine/model.js' */

/* `tokens` identify a format. `variables` are those of the common template: `a` comes before the role, `b` after it
 * and `c` after the text; `names` renames roles; with `joins`, a system message goes in front of the next message. */
const FORMATS = [
  {
    name: 'ChatML',
    tokens: ['<|im_start|>', '<|im_end|>'],
    variables: String.raw`{% set a, b, c = '<|im_start|>', '\n', '<|im_end|>\n' %}`,
  },
  {
    name: 'Llama 3',
    tokens: ['<|start_header_id|>', '<|eot_id|>'],
    variables: String.raw`{% set a, b, c = '<|start_header_id|>', '<|end_header_id|>\n\n', '<|eot_id|>' %}`,
  },
  {
    name: 'Gemma',
    tokens: ['<start_of_turn>', '<end_of_turn>'],
    variables: String.raw`{% set a, b, c = '<start_of_turn>', '\n', '<end_of_turn>\n' %}{% set names, joins = {'assistant': 'model'}, true %}`,
  },
  {
    name: 'Gemma 4',
    tokens: ['<|turn>', '<turn|>'],
    variables: String.raw`{% set a, b, c = '<|turn>', '\n', '<turn|>\n' %}{% set names = {'assistant': 'model'} %}`,
  },
  {
    name: 'Granite',
    tokens: ['<|start_of_role|>', '<|end_of_role|>'],
    variables: String.raw`{% set a, b, c = '<|start_of_role|>', '<|end_of_role|>', '<|end_of_text|>\n' %}`,
  },
  {
    name: 'Phi-3',
    tokens: ['<|assistant|>', '<|end|>'],
    variables: String.raw`{% set a, b, c = '<|', '|>\n', '<|end|>\n' %}`,
  },
];

const COMMON = String.raw`{% set names, n = names or {}, namespace(s='') %}
{% if tools %}{{ raise_exception('tools need a chat template, which the file lacks') }}{% endif %}
{% for m in messages %}
{% set text = (m.content or '') | trim %}
{% if joins and m.role == 'system' %}
{% set n.s = n.s + text + '\n\n' %}
{% else %}
{{- a + names.get(m.role, m.role) + b + n.s + text + c -}}
{% set n.s = '' %}
{% endif %}
{% endfor %}
{% if add_generation_prompt %}
{{- a + names.get('assistant', 'assistant') + b -}}
{% endif %}`;

/** @param {Model} model */
function hasTemplate(model) {
  for (const { key } of model.metadata(0)) if (/^tokenizer\.chat_template($|\.)/.test(key)) return true;
  return false;
}

/**
 * @param {Model} model
 * @param {string} text
 */
function isToken(model, text) {
  return model.tokenize(text, { addSpecial: false }).length === 1;
}

/** @param {Model} model */
function formatOf(model) {
  try {
    return FORMATS.find(({ tokens }) => tokens.every((token) => isToken(model, token)));
  } catch {
    return undefined; // the model has no vocabulary
  }
}

/**
 * The template to render chats with: an empty text for the file's own, undefined if there is none. note: says that a
 * format was chosen.
 * @param {Model} model
 * @param {string} [given] the caller's
 * @returns {{ template?: string, note?: string }}
 */
export function chatTemplateOf(model, given) {
  if (given) return { template: given };
  if (hasTemplate(model)) return { template: '' };
  const format = formatOf(model);
  if (!format) return {};
  return {
    template: format.variables + COMMON,
    note: `the file has no chat template; chats use the format of ${format.name}, which its control tokens identify`,
  };
}
