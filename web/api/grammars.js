/* Grammars of requests: response_format, grammar and regex. */
import { RequestError } from './requests.js';

/**
 * @import { GrammarOptions, Notation } from '../engine.js'
 * @import { Grammar } from '../engine/grammar.js'
 * @import { Model } from '../engine/model.js'
 * @import { Request } from './requests.js'
 *
 * param: the field of the request.
 * @typedef {{ notation: Notation, text: string, options?: GrammarOptions, param: string }} GrammarSource
 */

const KEPT = 4; // compiled grammars, so that a repeated one need not learn about the vocabulary again
const ANY_OBJECT = JSON.stringify({ type: 'object' });

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Throws if an object has other fields than those known: they could change the answer.
 * @param {Record<string, unknown>} others
 * @param {string} name
 * @param {string} param
 */
function refuseOthers(others, name, param) {
  for (const [field, value] of Object.entries(others))
    if ((value ?? undefined) !== undefined)
      throw new RequestError(`${name}.${field} is not supported`, param, 'unsupported_parameter');
}

/**
 * The schema of a format {type: 'json_schema'}. Without `strict`, the keyword `format` only describes.
 * @param {unknown} fields
 * @param {string} param
 * @returns {GrammarSource}
 */
function schemaSource(fields, param) {
  const name = `${param}.json_schema`;
  if (!isObject(fields)) throw new RequestError(`${name} must be an object with a schema`, param);
  const { schema = {}, strict, whitespace, name: title, description, ...others } = fields;
  refuseOthers(others, name, param);
  for (const [field, value] of Object.entries({ name: title, description }))
    if (typeof (value ?? '') !== 'string') throw new RequestError(`${name}.${field} must be a text`, param);
  if (!isObject(schema) && typeof schema !== 'boolean')
    throw new RequestError(`${name}.schema must be an object, true or false`, param);
  for (const [field, value] of Object.entries({ strict, whitespace }))
    if (typeof (value ?? false) !== 'boolean') throw new RequestError(`${name}.${field} must be true or false`, param);
  const options = { ignoreFormat: !strict, whiteSpace: Boolean(whitespace) };
  return { notation: 'schema', text: JSON.stringify(schema), options, param };
}

/**
 * @param {unknown} format
 * @param {string} param
 * @returns {GrammarSource | null}
 */
function formatSource(format, param) {
  if (!isObject(format)) throw new RequestError(`${param} must be an object with a type`, param);
  const { type, json_schema: fields, ...others } = format;
  refuseOthers(type === 'json_schema' ? others : { json_schema: fields, ...others }, param, param);
  switch (type) {
    case 'text':
      return null;
    case 'json_object':
      return { notation: 'schema', text: ANY_OBJECT, param };
    case 'json_schema':
      return schemaSource(fields, param);
    default:
      throw new RequestError(`${param}.type must be text, json_object or json_schema`, param);
  }
}

/**
 * @param {Request} request
 * @param {Notation} notation
 * @param {'grammar' | 'regex'} param
 * @returns {GrammarSource | null}
 */
function textSource(request, notation, param) {
  const text = request[param] ?? '';
  if (typeof text !== 'string') throw new RequestError(`${param} must be a text`, param);
  return text === '' ? null : { notation, text, param };
}

/**
 * What a request's answer must conform to; null: nothing.
 * @param {Request} request
 */
export function grammarSourceOf(request) {
  const found = [
    request.response_format === undefined ? null : formatSource(request.response_format, 'response_format'),
    textSource(request, 'gbnf', 'grammar'),
    textSource(request, 'regex', 'regex'),
  ].filter((each) => each !== null);
  if (found.length > 1)
    throw new RequestError(`${found[0].param} and ${found[1].param} exclude each other`, found[1].param);
  return found[0] ?? null;
}

/** The grammars of a model that were used last. */
export class Grammars {
  #model;
  /** By source, the one used last at the end. @type {Map<string, Grammar>} */
  #kept = new Map();

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
  }

  /**
   * The compiled grammar. It belongs to this object, and stays valid in the sessions that follow it. Throws a
   * RequestError for what cannot be enforced.
   * @param {GrammarSource} source
   */
  get({ notation, text, options, param }) {
    const key = JSON.stringify([notation, text, options]);
    const grammar = this.#kept.get(key) ?? this.#compile(notation, text, options, param);
    this.#kept.delete(key);
    this.#kept.set(key, grammar);
    for (const [oldest, other] of this.#kept) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
      other.free();
    }
    return grammar;
  }

  /**
   * @param {Notation} notation
   * @param {string} text
   * @param {GrammarOptions | undefined} options
   * @param {string} param
   */
  #compile(notation, text, options, param) {
    let grammar;
    try {
      grammar = this.#model.engine.grammar(this.#model, notation, text, options);
    } catch (error) {
      if (error.name !== 'QuernError') throw error;
      const at = error.offset === null || notation === 'schema' ? '' : ` (byte ${error.offset})`;
      throw new RequestError(`${param}: ${error.message}${at}`, param);
    }
    if (!grammar.isEmpty) return grammar;
    grammar.free();
    throw new RequestError(`${param}: no text conforms to it`, param);
  }

  free() {
    for (const grammar of this.#kept.values()) grammar.free();
    this.#kept.clear();
  }
}
