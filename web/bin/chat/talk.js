/* A conversation with a model: its messages, its settings, and the answers. */

import { chatTemplateOf } from '../../api/chat-format.js';
import { chat, complete } from '../../api/completions.js';
import { Conversation } from '../../api/conversation.js';
import { grammarTextOf } from '../constraint.js';
import { readText } from '../files.js';
import { checkTemplate, outputFields } from '../tools.js';

/* The request field of each option. */
const FIELDS = {
  n: 'max_tokens',
  temp: 'temperature',
  'top-k': 'top_k',
  'top-p': 'top_p',
  'min-p': 'min_p',
  'repeat-penalty': 'repeat_penalty',
  'frequency-penalty': 'frequency_penalty',
  'presence-penalty': 'presence_penalty',
};

/**
 * The fields of a request that the options name a grammar with.
 * @returns {any}
 */
function constraintFields(options) {
  const found = grammarTextOf(options);
  if (!found) return {};
  if (found.notation === 'gbnf') return { grammar: found.text };
  if (found.notation === 'regex') return { regex: found.text };
  const schema = JSON.parse(found.text);
  const whitespace = options['white-space'] ?? false;
  return { response_format: { type: 'json_schema', json_schema: { schema, strict: true, whitespace } } };
}

/* Adds pieces of calls, as streams have them, to a list of calls. */
function addCalls(calls, pieces) {
  for (const { index, ...piece } of pieces) {
    calls[index] ??= { ...piece, function: { ...piece.function, arguments: '' } };
    calls[index].function.arguments += piece.function.arguments;
  }
}

/* Whether the arguments of a call are complete: the limit of an answer may cut them. */
function isWhole({ function: { arguments: text } }) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const SETTINGS = [...Object.keys(FIELDS), 'seed'];

export class Talk {
  #conversation;
  #answers = 0; /* since the start, so that a seed does not give the same answer again */
  messages = [];
  text = ''; /* without a template: all that was said */
  /** Of the last answer. @type {{ usage: any, promptSeconds: number, answerSeconds: number } | null} */
  stats = null;

  /**
   * @param {any} model of engine.js
   * @param {any} options of the command line
   * @param {{ tools?: object[], overflow?: 'stop' | 'shift' }} [more] tools: those of --tools
   */
  constructor(model, options, { tools, overflow = 'shift' } = {}) {
    this.settings = Object.fromEntries(SETTINGS.map((name) => [name, options[name]]));
    const own = options.template === undefined ? undefined : new TextDecoder().decode(readText(options.template));
    const { template, note } = options.raw ? {} : chatTemplateOf(model, own);
    this.raw = template === undefined;
    checkTemplate(model, template, options, tools);
    this.note = note;
    this.#conversation = new Conversation(model, {
      template,
      contextSize: options.context,
      batch: options.batch,
      overflow,
      /* Lets signals be handled between two steps. */
      pause: () =>
        new Promise((resolve) => {
          setImmediate(resolve);
        }),
    });
    this.system = options.system;
    this.constraint = { ...constraintFields(options), ...outputFields(options, tools) };
  }

  get contextSize() {
    return this.#conversation.contextSize;
  }

  clear() {
    this.messages = [];
    this.text = '';
  }

  #request() {
    /** @type {any} */
    const request = { stream: true, stream_options: { include_usage: true }, ...this.constraint };
    for (const [name, field] of Object.entries(FIELDS)) request[field] = this.settings[name];
    if (request.max_tokens === -1) delete request.max_tokens;
    const { seed } = this.settings;
    if (seed !== undefined) request.seed = Number((BigInt(seed) + BigInt(this.#answers++)) % 2n ** 53n);
    return request;
  }

  /* Messages with the system's. */
  get #all() {
    return this.system === undefined ? this.messages : [{ role: 'system', content: this.system }, ...this.messages];
  }

  /* Whether the oldest messages are left out, because the context does not hold them all. */
  get overflows() {
    return !this.raw && this.#conversation.template(this.#all).tokens.length >= this.contextSize;
  }

  #chunks(options) {
    if (this.raw) return complete(this.#conversation, { ...this.#request(), prompt: this.text }, options);
    return chat(this.#conversation, { ...this.#request(), messages: this.#all }, options);
  }

  /* Answers a message and passes its text to emit() and its reasoning to think() as they come. Returns {text, reasoning,
   * calls, reason, usage}. An answer that is stopped
   * by the signal is kept; if it fails, the message is dropped. */
  async answer(message, { signal, emit, think, onProgress }) {
    const before = { messages: this.messages, text: this.text };
    this.messages = [...this.messages, { role: 'user', content: message }];
    this.text += message;
    try {
      const answer = await this.#generate({ signal, emit, think, onProgress });
      const { text: content, reasoning, calls } = answer;
      this.messages.push({
        role: 'assistant',
        content,
        ...(reasoning && { reasoning_content: reasoning }),
        ...(calls.length && { tool_calls: calls }),
      });
      this.text += answer.text;
      return answer;
    } catch (error) {
      Object.assign(this, before);
      throw error;
    }
  }

  async #generate({ signal, emit, think, onProgress }) {
    const start = performance.now();
    let first = start;
    /** @type {{ text: string, reasoning: string, calls: any[], reason: string, usage: any }} */
    const answer = { text: '', reasoning: '', calls: [], reason: 'stopped', usage: null };
    const report = ({ prompt_progress: progress }) => {
      first = performance.now();
      onProgress?.(progress);
    };
    try {
      for await (const { choices, usage } of this.#chunks({ name: 'quern', signal, onProgress: report })) {
        const choice = /** @type {any} */ (choices[0]);
        const piece = choice?.delta?.content ?? choice?.text ?? '';
        answer.text += piece;
        if (piece) emit(piece);
        const thought = choice?.delta?.reasoning_content ?? '';
        answer.reasoning += thought;
        if (thought) think?.(thought);
        addCalls(answer.calls, choice?.delta?.tool_calls ?? []);
        answer.reason = choice?.finish_reason ?? answer.reason;
        answer.usage = usage ?? answer.usage;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (answer.reason !== 'tool_calls') answer.calls = answer.calls.filter(isWhole);
    const promptSeconds = (first - start) / 1000;
    this.stats = { usage: answer.usage, promptSeconds, answerSeconds: (performance.now() - first) / 1000 };
    return answer;
  }

  /* Takes back the last message and its answer. Returns the message; undefined if there is none. */
  undo() {
    const last = this.messages.findLastIndex(({ role }) => role === 'user');
    if (last < 0) return undefined;
    const { content } = this.messages[last];
    const removed = this.messages.slice(last).map((message) => message.content);
    this.messages = this.messages.slice(0, last);
    this.text = this.text.slice(0, this.text.length - removed.join('').length);
    return content;
  }

  free() {
    this.#conversation.free();
  }
}
