/* Shortens a chat that the context does not hold. */

/** @import { ChatMessage } from '../index.js' */

/**
 * Whether a message instructs the model, and so is kept.
 * @param {ChatMessage} message
 */
export const isSystem = ({ role }) => role === 'system' || role === 'developer';

/**
 * The chat without its oldest turn: a user's message and what follows it up to the next one, so that templates still
 * find a user's message first. The last turn stays. If it is the only one, its oldest answer is dropped, with the
 * results of the tools that it calls; the last answer stays. Returns undefined if nothing can be dropped.
 * @param {ChatMessage[]} messages
 */
export function withoutOldestTurn(messages) {
  const others = [...messages.keys()].filter((at) => !isSystem(messages[at]));
  /**
   * @param {string} role
   * @param {number} from
   */
  const next = (role, from) => others.findIndex((at, i) => i >= from && messages[at].role === role);
  let [start, end] = [0, next('user', 1)];
  if (end < 0) {
    start = next('assistant', 0);
    end = next('assistant', start + 1);
  }
  if (start < 0 || end < 0) return undefined;
  const dropped = new Set(others.slice(start, end));
  return messages.filter((_, at) => !dropped.has(at));
}
