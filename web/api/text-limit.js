/* How long a text may be before it is turned into tokens. That takes long for a long text, and a text that the context
 * cannot hold is refused anyway. */
import { lengthOf, RequestError } from './requests.js';

/**
 * @import { ChatMessage } from '../index.js'
 * @import { Model } from '../engine/model.js'
 *
 * @typedef {{ textLimit: number, contextSize: number }} Room
 */

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

/**
 * Whether a context may hold the messages, of which each takes at least one token.
 * @param {ChatMessage[]} messages
 * @param {Room} room
 */
export const hasRoom = (messages, { textLimit, contextSize }) =>
  messages.length <= contextSize && lengthOf(messages) <= textLimit;

/**
 * Throws if a context cannot hold the messages.
 * @param {ChatMessage[]} messages
 * @param {Room} room
 */
export function requireRoom(messages, { textLimit, contextSize }) {
  requireLength(lengthOf(messages), textLimit, 'messages');
  if (messages.length <= contextSize) return;
  throw new RequestError(
    `there are ${messages.length} messages; the context holds ${contextSize} tokens`,
    'messages',
    'context_length_exceeded',
  );
}
