/* Reads the fields of requests in OpenAI's shapes and rejects invalid values. */

/**
 * @import { ChatMessage, RequestOptions, Sampling } from '../index.js'
 * @typedef {Present<RequestOptions> & Record<string, unknown>} Request
 */

/**
 * T without null.
 * @template T
 * @typedef {{ [K in keyof T]: Exclude<T[K], null> }} Present
 */

const MAX_STOPS = 16;
const MAX_PROMPTS = 128;
const MAX_SEED = 2 ** 52; // of random seeds

/** An invalid request. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {string | null} [param] the field
   * @param {string | null} [code] OpenAI's
   */
  constructor(message, param = null, code = null) {
    super(message);
    this.name = 'RequestError';
    this.param = param;
    this.code = code;
  }
}

/**
 * The object without its members that are null, which mean the same as absent ones.
 * @template {object} T
 * @param {T} object
 * @returns {Present<T>}
 */
export const present = (object) =>
  /** @type {Present<T>} */ (
    Object.fromEntries(
      Object.entries(/** @type {Record<string, unknown>} */ (object)).filter(([, value]) => value !== null),
    )
  );

/**
 * @param {Record<string, unknown>} request
 * @param {string} name
 * @returns {Record<string, unknown>}
 */
function objectField(request, name) {
  const value = request[name] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new RequestError(`${name} must be an object`, name);
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @template {boolean | undefined} T
 * @param {Record<string, unknown>} request
 * @param {string} name
 * @param {T} fallback
 */
export function booleanField(request, name, fallback) {
  const value = request[name];
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw new RequestError(`${name} must be true or false`, name);
  return value;
}

/**
 * A request without its fields that are null.
 * @template {object} T
 * @param {T} request
 * @returns {Present<T> & Record<string, unknown>}
 */
export function presentFields(request) {
  const fields = /** @type {Present<T> & Record<string, any>} */ (present(request));
  for (const name of ['stream_options', 'chat_template_kwargs'])
    if (fields[name] !== undefined) Object.assign(fields, { [name]: present(objectField(fields, name)) });
  return fields;
}

/**
 * A field with a number from `low` to `high`.
 * @template {number | undefined} T
 * @param {Request} request
 * @param {string} name
 * @param {number} low
 * @param {number} high
 * @param {T} fallback
 */
export function numberField(request, name, low, high, fallback) {
  const value = request[name];
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= low && value <= high))
    throw new RequestError(`${name} must be a number from ${low} to ${high}`, name);
  return value;
}

/**
 * Like numberField, for integers.
 * @template {number | undefined} T
 * @param {Request} request
 * @param {string} name
 * @param {number} low
 * @param {number} high
 * @param {T} fallback
 */
export function integerField(request, name, low, high, fallback) {
  const value = numberField(request, name, low, high, fallback);
  if (value !== undefined && !Number.isInteger(value)) throw new RequestError(`${name} must be an integer`, name);
  return value;
}

/**
 * @param {Request} request
 * @returns {string[]}
 */
export function stopsOf({ stop }) {
  const stops = stop === undefined ? [] : /** @type {string[]} */ ([]).concat(stop);
  if (stops.length > MAX_STOPS || !stops.every((each) => typeof each === 'string')) {
    throw new RequestError(`stop must be a string or a list of up to ${MAX_STOPS} strings`, 'stop');
  }
  return stops;
}

/**
 * The token ids that end an answer.
 * @param {Request} request
 */
export function stopIdsOf({ stop_token_ids: ids = [] }) {
  if (!Array.isArray(ids) || !ids.every((id) => Number.isInteger(id) && id >= 0))
    throw new RequestError('stop_token_ids must be a list of token ids', 'stop_token_ids');
  return /** @type {number[]} */ (ids);
}

/** @param {Request} request */
export const seedOf = (request) =>
  integerField(request, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Math.floor(Math.random() * MAX_SEED));

/** @param {Request} request */
function logitBiasOf({ logit_bias: bias }) {
  if (bias === undefined) return undefined;
  const valid =
    typeof bias === 'object' &&
    !Array.isArray(bias) &&
    Object.entries(bias).every(([id, value]) => /^\d{1,9}$/.test(id) && typeof value === 'number');
  if (!valid) throw new RequestError('logit_bias must map token ids to numbers', 'logit_bias');
  return bias;
}

/**
 * The value of the first of several names of a field that the request has.
 * @param {string[]} names
 * @param {(name: string) => number | undefined} read
 */
const firstOf = (names, read) => names.map(read).find((value) => value !== undefined);

/**
 * From how many tokens to sample; 0: from all, which some clients write as -1.
 * @param {Request} request
 */
function topKOf(request) {
  const count = integerField(request, 'top_k', -1, 2 ** 31 - 1, undefined);
  return count === -1 ? 0 : count;
}

/**
 * The sampler's settings for a request.
 * @param {Request} request
 * @param {number} seed
 * @returns {Sampling}
 */
export function samplingOf(request, seed) {
  const settings = {
    temperature: numberField(request, 'temperature', 0, 100, undefined),
    topP: numberField(request, 'top_p', 0, 1, undefined),
    topK: topKOf(request),
    minP: numberField(request, 'min_p', 0, 1, undefined),
    repeatPenalty: firstOf(['repeat_penalty', 'repetition_penalty'], (name) =>
      numberField(request, name, 0.01, 100, undefined),
    ),
    penaltyLastN: integerField(request, 'repeat_last_n', -1, 2 ** 31 - 1, undefined),
    frequencyPenalty: numberField(request, 'frequency_penalty', -2, 2, undefined),
    presencePenalty: numberField(request, 'presence_penalty', -2, 2, undefined),
    logitBias: logitBiasOf(request),
    seed,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/**
 * How many tokens an answer may have; `undefined` if the request does not say.
 * @param {Request} request
 */
export function maxTokensOf(request) {
  const count = firstOf(['max_completion_tokens', 'max_tokens', 'n_predict'], (name) =>
    integerField(request, name, -1, Number.MAX_SAFE_INTEGER, undefined),
  );
  return count === -1 ? undefined : count;
}

/**
 * How many tokens an answer has before it may end.
 * @param {Request} request
 */
export function minTokensOf(request) {
  const count = integerField(request, 'min_tokens', 0, 2 ** 31 - 1, 0);
  if (count > (maxTokensOf(request) ?? Infinity))
    throw new RequestError('min_tokens must not be larger than max_tokens', 'min_tokens');
  return count;
}

/**
 * Whether a value is a list of token ids.
 * @param {unknown} value
 * @returns {value is number[]}
 */
const isTokenIds = (value) => Array.isArray(value) && value.length > 0 && value.every(Number.isInteger);

/**
 * The texts or token ids of a field that has one of them or a list of them.
 * @param {unknown} value
 * @param {string} name of the field
 * @param {number} most
 * @returns {(string | number[])[]}
 */
export function textsOf(value, name, most) {
  const texts = typeof value === 'string' || isTokenIds(value) ? [value] : value;
  if (
    !Array.isArray(texts) ||
    texts.length === 0 ||
    texts.length > most ||
    !texts.every((each) => typeof each === 'string' || isTokenIds(each))
  ) {
    throw new RequestError(`${name} must be a text, token ids, or a list of up to ${most} of them`, name);
  }
  return texts;
}

/** @param {{ prompt?: unknown }} request */
export const promptsOf = ({ prompt }) => textsOf(prompt, 'prompt', MAX_PROMPTS);

/**
 * Throws if the model lacks one of these tokens.
 * @param {{ vocabSize: number }} model
 * @param {number[]} ids
 * @param {string} name of the field
 */
export function requireTokens({ vocabSize }, ids, name) {
  const wrong = ids.find((id) => id < 0 || id >= vocabSize);
  if (wrong !== undefined)
    throw new RequestError(`${name}: there is no token ${wrong}; the model's ids are 0 to ${vocabSize - 1}`, name);
}

/**
 * Throws if a model cannot turn text into tokens.
 * @param {{ hasVocabulary: boolean }} model
 */
export function requireVocabulary({ hasVocabulary }) {
  if (hasVocabulary) return;
  throw new RequestError(
    'the model has no vocabulary: it takes token ids, in sessions and for embeddings, and no text',
    'model',
    'unsupported_model',
  );
}

/**
 * The text of a message, whose content may be a list of text parts.
 * @param {ChatMessage} message
 */
function contentOf({ content }) {
  if (!Array.isArray(content)) {
    if (typeof (content ?? '') !== 'string')
      throw new RequestError('content must be a text or a list of text parts', 'messages');
    return content ?? '';
  }
  return content
    .map((part) => {
      if (typeof part?.type !== 'string')
        throw new RequestError('each part of a content must be an object with a type', 'messages');
      if (part.type !== 'text') throw new RequestError(`content of type ${part.type} is not supported`, 'messages');
      if (typeof part.text !== 'string')
        throw new RequestError('a content part of type text must have a text', 'messages');
      return part.text;
    })
    .join('');
}

/**
 * How many characters the contents of messages have.
 * @param {ChatMessage[]} messages
 */
export const lengthOf = (messages) => messages.reduce((sum, message) => sum + contentOf(message).length, 0);

/** @param {unknown} value */
const isListOfObjects = (value) =>
  Array.isArray(value) && value.every((each) => each !== null && typeof each === 'object' && !Array.isArray(each));

/**
 * Throws if the fields of a message that concern tools or reasoning have wrong types.
 * @param {Record<string, unknown>} message
 */
function checkMessage({ tool_calls: calls, ...texts }) {
  for (const name of ['name', 'tool_call_id', 'reasoning_content'])
    if (typeof (texts[name] ?? '') !== 'string') throw new RequestError(`${name} must be a text`, 'messages');
  if (calls !== undefined && !isListOfObjects(calls))
    throw new RequestError('tool_calls must be a list of objects', 'messages');
  for (const { function: called } of /** @type {any[]} */ (calls ?? [])) {
    if (typeof called?.name !== 'string')
      throw new RequestError('each of the tool_calls must have a function with a name', 'messages');
    const args = called.arguments ?? '';
    if (typeof args !== 'string' && (typeof args !== 'object' || Array.isArray(args)))
      throw new RequestError('the arguments of tool_calls must be a text or an object', 'messages');
  }
}

/**
 * A message as templates get it.
 * @param {ChatMessage} message
 */
export function templateMessage(message) {
  const fields = present(message);
  checkMessage(/** @type {Record<string, unknown>} */ (/** @type {unknown} */ (fields)));
  return { ...fields, content: contentOf(message) };
}

/**
 * The variables of the chat template that a request sets.
 * @param {Record<string, unknown>} request
 */
function variablesOf(request) {
  const more = objectField(request, 'chat_template_kwargs');
  const all = { ...more, ...request };
  if (Object.hasOwn(more, 'messages'))
    throw new RequestError('chat_template_kwargs must not have messages', 'chat_template_kwargs');
  const continues = booleanField(all, 'continue_final_message', false);
  const answers = booleanField(all, 'add_generation_prompt', !continues);
  if (continues && answers)
    throw new RequestError('continue_final_message needs add_generation_prompt false', 'add_generation_prompt');
  booleanField(all, 'enable_thinking', undefined);
  for (const name of ['tools', 'documents']) {
    if (all[name] !== undefined && !isListOfObjects(all[name]))
      throw new RequestError(`${name} must be a list of objects`, name);
  }
  if (typeof (all.reasoning_effort ?? '') !== 'string')
    throw new RequestError('reasoning_effort must be a text', 'reasoning_effort');
  /** @type {Record<string, unknown>} */
  const variables = { ...more, continue_final_message: continues, add_generation_prompt: answers };
  for (const name of ['enable_thinking', 'reasoning_effort', 'documents', 'tools'])
    if (all[name] !== undefined) variables[name] = all[name];
  if (request.tool_choice === 'none') delete variables.tools;
  return variables;
}

/**
 * The messages of a chat and further variables of its template.
 * @param {Record<string, unknown>} request
 */
export function chatOf(request) {
  const { messages } = request;
  if (!Array.isArray(messages) || messages.length === 0)
    throw new RequestError('messages must be a list with at least one message', 'messages');
  if (!messages.every((message) => typeof message?.role === 'string'))
    throw new RequestError('each message must have a role', 'messages');
  return { messages: /** @type {ChatMessage[]} */ (messages), variables: variablesOf(request) };
}
