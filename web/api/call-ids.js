/* Ids of calls, as some templates require them. */

const SHORT = /^[A-Za-z0-9]{9}$/; // of Mistral's models
const DIGITS = 9;

/**
 * The messages with ids of nine letters and digits, which the templates of Mistral's models require. Ids of other forms
 * are numbered; equal ones stay equal. Null if no id differs.
 * @param {any[]} messages
 * @returns {any[] | null}
 */
export function withShortIds(messages) {
  const calls = messages.flatMap(({ tool_calls: made }) => made ?? []);
  const given = [...calls.map(({ id }) => id), ...messages.map(({ tool_call_id: id }) => id)];
  const others = new Set(given.filter((id) => typeof id === 'string' && !SHORT.test(id)));
  if (others.size === 0) return null;
  const taken = new Set(given);
  /** @type {Map<string | undefined, string>} */
  const short = new Map();
  let number = 0;
  for (const id of others) {
    while (taken.has(String(number).padStart(DIGITS, '0'))) number++;
    short.set(id, String(number++).padStart(DIGITS, '0'));
  }
  /** @param {string | undefined} id */
  const renamed = (id) => short.get(id) ?? id;
  return messages.map((message) => ({
    ...message,
    ...(message.tool_calls && {
      tool_calls: message.tool_calls.map((/** @type {any} */ call) => ({ ...call, id: renamed(call.id) })),
    }),
    ...(message.tool_call_id !== undefined && { tool_call_id: renamed(message.tool_call_id) }),
  }));
}
