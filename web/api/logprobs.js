/* Log probabilities of sampled tokens, before temperature and penalties, in OpenAI's shapes. */

/**
 * @import { ChatLogprobs, TextLogprobs } from '../index.js'
 * @import { Model } from '../engine/model.js'
 */

/**
 * A sampled token, its log probability, and the ids and log probabilities of the likeliest tokens.
 * @typedef {{ id: number, logprob: number, top: [number, number][] }} SampledToken
 */

/** Sampled tokens whose text has not been shown. */
export class PendingTokens {
  /** The position at which the text of each token starts. @type {{ start: number, token: SampledToken }[]} */
  #tokens = [];

  /**
   * @param {number} start
   * @param {SampledToken} token
   */
  add(start, token) {
    this.#tokens.push({ start, token });
  }

  /**
   * Removes and returns the tokens whose text starts before `end`.
   * @param {number} end
   */
  take(end) {
    const count = this.#tokens.filter(({ start }) => start < end).length;
    return this.#tokens.splice(0, count).map(({ token }) => token);
  }
}

/**
 * Finds the tokens of the text in an output that also has reasoning and calls. The text comes later than its tokens,
 * and without white space and markers around it.
 */
export class ContentTokens {
  /** Tokens whose place is not known, with their text. @type {{ piece: string, token: SampledToken | null }[]} */
  #waiting = [];
  /** @type {{ start: number, token: SampledToken }[]} */
  #found = [];
  #length = 0; // of the text so far

  /**
   * @param {string} piece
   * @param {SampledToken | null} token
   */
  push(piece, token) {
    this.#waiting.push({ piece, token });
  }

  /**
   * Some of the waiting tokens have turned out to be this text; earlier ones belong to neither text nor reasoning.
   * @param {string} text
   * @param {boolean} isContent
   */
  settle(text, isContent) {
    const all = this.#waiting.map(({ piece }) => piece).join('');
    const from = Math.max(0, all.indexOf(text));
    const to = from + text.length;
    let start = 0;
    const rest = [];
    for (const { piece, token } of this.#waiting) {
      const end = start + piece.length;
      const within = start < to && (end > from || start >= from);
      if (within && isContent && token) this.#found.push({ start: this.#length + Math.max(0, start - from), token });
      if (end > to || start >= to)
        rest.push({ piece: piece.slice(Math.max(0, to - start)), token: within ? null : token });
      start = end;
    }
    this.#waiting = rest;
    if (isContent) this.#length += text.length;
  }

  /** The waiting tokens up to the last one belong to a call. */
  drop() {
    this.#waiting = this.#waiting.slice(-1).map(({ piece }) => ({ piece, token: null }));
  }

  take() {
    return this.#found.splice(0);
  }
}

/**
 * @param {Float32Array} logits
 * @param {number} id of the sampled token
 * @param {number} count how many of the likeliest tokens to list
 * @returns {SampledToken}
 */
export function sampledToken(logits, id, count) {
  let max = -Infinity;
  for (const logit of logits) if (logit > max) max = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - max);
  const norm = max + Math.log(sum);
  /** @type {[number, number][]} */
  const top = [];
  for (let i = 0; count && i < logits.length; i++) {
    if (top.length === count && logits[i] <= top[count - 1][1]) continue;
    let at = top.length;
    while (at && top[at - 1][1] < logits[i]) at--;
    top.splice(at, 0, [i, logits[i]]);
    if (top.length > count) top.pop();
  }
  return { id, logprob: logits[id] - norm, top: top.map(([each, logit]) => [each, logit - norm]) };
}

/**
 * @param {Model} model
 * @param {number} id
 */
function tokenText(model, id) {
  const bytes = model.detokenize([id], { showSpecial: true, continues: true });
  return { token: new TextDecoder().decode(bytes), bytes: Array.from(bytes) };
}

/**
 * @param {Model} model
 * @param {SampledToken[] | undefined} tokens
 * @returns {ChatLogprobs | null}
 */
export function chatLogprobs(model, tokens) {
  if (!tokens?.length) return null;
  return {
    content: tokens.map(({ id, logprob, top }) => ({
      id,
      ...tokenText(model, id),
      logprob,
      top_logprobs: top.map(([each, value]) => ({ id: each, ...tokenText(model, each), logprob: value })),
    })),
  };
}

/**
 * @param {Model} model
 * @param {SampledToken[] | undefined} tokens
 * @returns {TextLogprobs | null}
 */
export function textLogprobs(model, tokens) {
  if (!tokens?.length) return null;
  return {
    tokens: tokens.map(({ id }) => tokenText(model, id).token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) =>
      Object.fromEntries(top.map(([id, value]) => [tokenText(model, id).token, value])),
    ),
  };
}
