/* When an answer ends before its limit: at a token or at a stop string, but not before min_tokens. */
import { booleanField, minTokensOf, requireTokens, stopIdsOf } from './requests.js';

/**
 * @import { Model } from '../engine/model.js'
 * @import { Request } from './requests.js'
 */

/** The tokens that end the answers of a model. @type {WeakMap<Model, number[]>} */
const known = new WeakMap();

/** @param {Model} model */
function endIdsOf(model) {
  const ids =
    known.get(model) ?? Array.from({ length: model.vocabSize }, (_, id) => id).filter((id) => model.isEnd(id));
  known.set(model, ids);
  return ids;
}

export class Ending {
  #model;
  #stopIds;
  #ignoresEnd;
  minTokens;

  /**
   * Throws if the request is invalid.
   * @param {Model} model
   * @param {Request} request
   */
  constructor(model, request) {
    this.#model = model;
    this.#stopIds = new Set(stopIdsOf(request));
    this.#ignoresEnd = booleanField(request, 'ignore_eos', false);
    this.minTokens = minTokensOf(request);
    requireTokens(model, [...this.#stopIds], 'stop_token_ids');
  }

  /**
   * Whether a sampled token ends the answer.
   * @param {number} id
   */
  isEnd(id) {
    return this.#stopIds.has(id) || this.#model.isEnd(id);
  }

  /**
   * Biases that forbid the tokens which must not end an answer of `count` tokens.
   * @param {number} count
   * @returns {Record<number, number>}
   */
  biases(count) {
    const early = count < this.minTokens;
    const ids = [...(early || this.#ignoresEnd ? endIdsOf(this.#model) : []), ...(early ? this.#stopIds : [])];
    return Object.fromEntries(ids.map((id) => [id, -Infinity]));
  }
}
