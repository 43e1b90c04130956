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

const MAX_STOPS = 4;
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
 * A request without its fields that are null.
 * @template {object} T
 * @param {T} request
 * @returns {Present<T> & Record<string, unknown>}
 */
export function presentFields(request) {
  const fields = /** @type {Present<T> & { stream_options?: object }} */ (present(request));
  if (fields.stream_options) fields.stream_options = present(fields.stream_options);
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

/** @param {Request} request */
export const seedOf = (request) =>
  integerField(request, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Math.floor(Math.random() * MAX_SEED));

/** @param {Request} request */
function logitBiasOf({ logit_bias: bias }) {
  if (bias === undefined) return undefined;
  const valid =
    typeof bias === 'object' &&
    Object.entries(bias).every(([id, value]) => /^\d{1,9}$/.test(id) && typeof value === 'number');
  if (!valid) throw new RequestError('logit_bias must map token ids to numbers', 'logit_bias');
  return bias;
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
    topK: integerField(request, 'top_k', 0, 2 ** 31 - 1, undefined),
    minP: numberField(request, 'min_p', 0, 1, undefined),
    repeatPenalty: numberField(request, 'repeat_penalty', 0.01, 100, undefined),
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
  const name = request.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens';
  return integerField(request, name, 1, 2 ** 53, undefined);
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
      if (part?.type !== 'text') throw new RequestError(`content of type ${part?.type} is not supported`, 'messages');
      if (typeof part.text !== 'string')
        throw new RequestError('a content part of type text must have a text', 'messages');
      return part.text;
    })
    .join('');
}

/**
 * A message as templates get it.
 * @param {ChatMessage} message
 */
export const templateMessage = (message) => ({ ...present(message), content: contentOf(message) });

/**
 * The messages and tools of a chat.
 * @param {{ messages?: unknown, tools?: unknown }} request
 */
export function chatOf({ messages, tools }) {
  if (!Array.isArray(messages) || messages.length === 0)
    throw new RequestError('messages must be a list with at least one message', 'messages');
  if (!messages.every((message) => typeof message?.role === 'string'))
    throw new RequestError('each message must have a role', 'messages');
  if (tools !== undefined && !Array.isArray(tools)) throw new RequestError('tools must be a list', 'tools');
  return {
    messages: /** @type {ChatMessage[]} */ (messages),
    variables: /** @type {Record<string, unknown>} */ (tools ? { tools } : {}),
  };
}
