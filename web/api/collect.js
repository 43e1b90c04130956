/* Puts the chunks of a streamed answer together. */

/**
 * @param {Record<string, unknown[]> | null} into
 * @param {Record<string, unknown[]> | null} from
 */
function joined(into, from) {
  if (!from) return into;
  if (!into) return from;
  return Object.fromEntries(Object.keys(from).map((key) => [key, [...into[key], ...from[key]]]));
}

/**
 * @param {any} message
 * @param {any} delta
 */
function addDelta(message, { content, reasoning_content: reasoning, tool_calls: calls = [] }) {
  if (content) message.content += content;
  if (reasoning) message.reasoning_content = (message.reasoning_content ?? '') + reasoning;
  for (const { index, ...call } of calls) {
    message.tool_calls ??= [];
    if (message.tool_calls[index]) message.tool_calls[index].function.arguments += call.function.arguments;
    else message.tool_calls[index] = { ...call, function: { ...call.function } };
  }
}

/**
 * The whole answer of a stream of chunks, of a chat or of a text completion.
 * @param {AsyncIterable<any>} chunks
 */
export async function collect(chunks) {
  /** @type {any} */
  let answer;
  /** @type {any[]} */
  const choices = [];
  for await (const { choices: pieces, usage, ...head } of chunks) {
    answer ??= { ...head, object: head.object.replace('.chunk', '') };
    if (usage) answer.usage = usage;
    for (const { index, delta, text, logprobs, finish_reason: finish, ...ending } of pieces) {
      choices[index] ??= {
        index,
        ...(delta ? { message: { role: 'assistant', content: '' } } : { text: '' }),
        logprobs: null,
        finish_reason: null,
      };
      const choice = choices[index];
      if (delta) addDelta(choice.message, delta);
      else choice.text += text;
      choice.logprobs = joined(choice.logprobs, logprobs);
      choice.finish_reason = finish ?? choice.finish_reason;
      Object.assign(choice, ending);
    }
  }
  for (const { message } of choices) if (message?.tool_calls && message.content === '') message.content = null;
  return { ...answer, choices };
}
