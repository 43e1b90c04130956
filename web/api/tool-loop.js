/* Answers that call tools: runs the tools and passes their results back to the model until it answers with text. */

/**
 * @import { ChatMessage, ChatRequest, ToolCall, ToolEvent, ToolRunOptions, Tools } from '../index.js'
 */

const MAX_ROUNDS = 8;

/**
 * The tools as the API takes them.
 * @param {Tools} tools
 */
const declarations = (tools) =>
  Object.entries(tools).map(([name, { description, parameters }]) => ({
    type: 'function',
    function: { name, description, parameters: parameters ?? { type: 'object', properties: {} } },
  }));

/**
 * A tool's result as text.
 * @param {unknown} value
 */
const resultText = (value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/**
 * Runs a call. An error of the tool becomes a result, which the model can react to.
 * @param {Tools} tools
 * @param {ToolCall} call
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ result?: unknown, error?: Error, text: string }>}
 */
async function runCall(tools, { function: { name, arguments: text } }, signal) {
  try {
    if (!Object.hasOwn(tools, name)) throw new Error(`there is no tool ${name}`);
    const result = await tools[name].run(JSON.parse(text), { signal });
    return { result, text: resultText(result) };
  } catch (error) {
    signal?.throwIfAborted();
    return { error, text: JSON.stringify({ error: String(error?.message ?? error) }) };
  }
}

/**
 * One answer. Yields its text and reasoning while they arrive, and returns its message.
 * @param {AsyncIterable<any>} chunks
 * @returns {AsyncGenerator<ToolEvent, { message: ChatMessage, calls: ToolCall[], finish: string }, undefined>}
 */
async function* answer(chunks) {
  let [text, reasoning, finish] = ['', '', 'stop'];
  /** @type {ToolCall[]} */
  const calls = [];
  for await (const { choices } of chunks) {
    const [choice] = choices;
    if (!choice) continue;
    const { content = '', reasoning_content: thought = '', tool_calls: pieces = [] } = choice.delta;
    text += content;
    reasoning += thought;
    finish = choice.finish_reason ?? finish;
    if (thought) yield { type: 'reasoning', text: thought };
    if (content) yield { type: 'text', text: content };
    for (const { index, ...piece } of pieces) {
      calls[index] ??= { ...piece, function: { ...piece.function, arguments: '' } };
      calls[index].function.arguments += piece.function.arguments;
    }
  }
  const message = {
    role: 'assistant',
    content: text,
    ...(reasoning && { reasoning_content: reasoning }),
    ...(calls.length && { tool_calls: calls }),
  };
  return { message, calls: finish === 'tool_calls' ? calls : [], finish };
}

/**
 * Yields text, calls and results until an answer has no calls, or after `maxRounds` answers. The last event has all
 * messages, to which the next question can be added.
 * @param {(request: ChatRequest, options: ToolRunOptions) => Promise<AsyncIterable<any>>} create
 * @param {Omit<ChatRequest, 'tools'> & { tools: Tools, maxRounds?: number }} request
 * @param {ToolRunOptions} [options]
 * @returns {AsyncGenerator<ToolEvent, void, undefined>}
 */
export async function* runTools(create, { tools, maxRounds = MAX_ROUNDS, ...request }, options = {}) {
  const messages = [...request.messages];
  for (let round = 1; ; round++) {
    options.signal?.throwIfAborted();
    const asked = { ...request, messages, tools: declarations(tools), stream: true };
    const { message, calls, finish } = yield* answer(await create(/** @type {ChatRequest} */ (asked), options));
    messages.push(message);
    for (const call of calls) {
      yield { type: 'call', call };
      const { text, ...outcome } = await runCall(tools, call, options.signal);
      yield { type: 'result', call, ...outcome };
      messages.push({ role: 'tool', tool_call_id: call.id, name: call.function.name, content: text });
    }
    if (calls.length === 0 || round >= maxRounds) {
      yield { type: 'end', messages, finish: calls.length ? 'rounds' : finish };
      return;
    }
  }
}
