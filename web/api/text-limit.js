/* How long a text may be before it is turned into tokens. That takes long for a long text, and a text that the context
 * cannot hold is refused anyway. */
import { RequestError } from './requests.js';

/** @import { Model } from '../engine/model.js' */

/** Some tokenizers have one token for a whole word that they do not know, whatever its length. */
const LONGEST_WORD = 256; // bytes

/**
 * More characters than this do not fit into a context of so many tokens.
 * @param {Model} model
 * @param {number} contextSize
 */
export const textLimitOf = (model, contextSize) => contextSize * Math.max(model.longestToken, LONGEST_WORD);

/**
 * Throws if a text is too long.
 * @param {number} length of the text
 * @param {number} limit
 * @param {string} name of the field
 */
export function requireLength(length, limit, name) {
  if (length <= limit) return;
  throw new RequestError(
    `${name} has ${length} characters; the context cannot hold more than ${limit}`,
    name,
    'context_length_exceeded',
  );
}
