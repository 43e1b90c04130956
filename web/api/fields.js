/* The fields of requests. A field that is neither implemented nor without effect is refused, because ignoring it could
 * change the answer silently. */
import { presentFields, RequestError } from './requests.js';

/** @param {string} names */
const words = (names) => names.split(/\s+/);

const GENERATION = words(`model max_tokens max_completion_tokens n_predict temperature top_p top_k min_p repeat_penalty
  repetition_penalty repeat_last_n frequency_penalty presence_penalty logit_bias seed stop stop_token_ids ignore_eos
  min_tokens n stream stream_options stop_loops return_progress logprobs response_format grammar regex`);

const IMPLEMENTED = {
  chat: new Set([
    ...GENERATION,
    ...words(`messages tools tool_choice parallel_tool_calls thinking_budget reasoning_format documents top_logprobs chat_template_kwargs enable_thinking reasoning_effort
      continue_final_message add_generation_prompt`),
  ]),
  completion: new Set([...GENERATION, 'prompt']),
  embedding: new Set(words('model input dimensions encoding_format pooling')),
  tokenize: new Set(words('model content add_special parse_special with_pieces')),
  detokenize: new Set(words('model tokens')),
};

/** Fields that do not change the answer here, or only together with a field that is refused. */
const WITHOUT_EFFECT = new Set(
  words(`user store metadata service_tier safety_identifier prompt_cache_key prompt_cache_retention prediction priority
    parallel_tool_calls request_id cache_prompt id_slot slot_id timings_per_token keep_alive n_keep mirostat_tau
    mirostat_eta dry_base dry_allowed_length dry_penalty_last_n dry_sequence_breakers xtc_threshold dynatemp_exponent`),
);

/** Values that ask for nothing special. @type {Record<string, unknown[]>} */
const NEUTRAL = {
  best_of: [1],
  dry_multiplier: [0],
  dynatemp_range: [0],
  early_stopping: [false],
  echo: [false],
  functions: [[]],
  grammar: [''],
  include_stop_str_in_output: [false],
  length_penalty: [1],
  min_keep: [0],
  mirostat: [0],
  modalities: [['text']],
  n_probs: [0],
  response_format: [{ type: 'text' }],
  skip_special_tokens: [true],
  suffix: [''],
  tfs_z: [1],
  tool_choice: ['auto', 'none'],
  top_a: [0],
  top_n_sigma: [-1, 0],
  typical_p: [1],
  use_beam_search: [false],
  verbosity: ['medium'],
  xtc_probability: [0],
};

/**
 * The names of all fields that a request may have, some of them only with certain values.
 * @param {keyof typeof IMPLEMENTED} kind
 */
export const fieldNames = (kind) => [...new Set([...IMPLEMENTED[kind], ...WITHOUT_EFFECT, ...Object.keys(NEUTRAL)])];

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Record<string, unknown>} fields
 */
function isNeutral(name, value, { n = 1 }) {
  if (name === 'best_of' && value === n) return true;
  return NEUTRAL[name].some((each) => JSON.stringify(each) === JSON.stringify(value));
}

/**
 * A request without its fields that are null. Throws if a field is not supported.
 * @template {object} T
 * @param {T} request
 * @param {keyof typeof IMPLEMENTED} kind
 */
export function readFields(request, kind) {
  const fields = presentFields(request);
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || WITHOUT_EFFECT.has(name)) continue;
    if (IMPLEMENTED[kind].has(name) || (Object.hasOwn(NEUTRAL, name) && isNeutral(name, value, fields))) continue;
    const shown = Object.hasOwn(NEUTRAL, name) ? `${name} ${JSON.stringify(value)}` : name;
    throw new RequestError(`${shown} is not supported`, name, 'unsupported_parameter');
  }
  return fields;
}
