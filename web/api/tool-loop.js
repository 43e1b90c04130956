/* Answers that call tools: runs the tools and passes their results back to the model until it answers with text. */
import { RequestError } from './requests.js';

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
 * Throws if the request cannot be run. Other fields are checked with each answer.
 * @param {Omit<ChatRequest, 'tools'> & { tools: Tools, maxRounds: number }} request
 */
function checkRun({ messages, tools, maxRounds, n }) {
  if (!Array.isArray(messages)) throw new RequestError('messages must be a list of messages', 'messages');
  if (typeof tools !== 'object' || tools === null || Array.isArray(tools))
    throw new RequestError('tools must be an object of tools by name', 'tools');
  for (const [name, tool] of Object.entries(tools))
    if (typeof tool?.run !== 'function') throw new RequestError(`tools: ${name} has no function run`, 'tools');
  if (!(maxRounds === Infinity || (Number.isInteger(maxRounds) && maxRounds >= 1)))
    throw new RequestError('maxRounds must be an integer of at least 1, or Infinity', 'maxRounds');
  if ((n ?? 1) !== 1) throw new RequestError('n must be 1: each answer continues the conversation', 'n');
}

/**
 * What a promise resolves to; an abort rejects first.
 * @param {unknown} promise
 * @param {AbortSignal} [signal]
 */
function untilAbort(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    Promise.resolve(promise)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

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
    const result = await untilAbort(tools[name].run(JSON.parse(text), { signal }), signal);
    return { result, text: resultText(result) };
  } catch (error) {
    signal?.throwIfAborted();
    const thrown = error instanceof Error ? error : new Error(String(error?.message ?? error));
    return { error: thrown, text: JSON.stringify({ error: thrown.message }) };
  }
}

/**
 * One answer. Yields its text, its reasoning and the arguments of its calls while they arrive, and returns its message.
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
      const { function: called } = calls[index];
      called.arguments += piece.function.arguments;
      yield { type: 'arguments', call: { ...calls[index], function: { ...called } }, text: piece.function.arguments };
    }
  }
  /* A call that a limit has cut is not run. In the messages, a call without a result would be none of a chat. */
  const whole = finish === 'tool_calls' ? calls : [];
  const message = {
    role: 'assistant',
    content: text,
    ...(reasoning && { reasoning_content: reasoning }),
    ...(whole.length && { tool_calls: whole }),
  };
  return { message, calls: whole, finish };
}

/**
 * Yields text, calls and results until an answer has no calls, or after `maxRounds` answers. The last event has all
 * messages, to which the next question can be added.
 * @param {(request: ChatRequest, options: ToolRunOptions) => Promise<AsyncIterable<any>>} create
 * @param {Omit<ChatRequest, 'tools'> & { tools: Tools, maxRounds?: number }} request
 * @param {ToolRunOptions} [options]
 * @returns {AsyncGenerator<ToolEvent, void, undefined>}
 */
export async function* runTools(create, { tools, maxRounds: most, ...request }, options = {}) {
  const maxRounds = most ?? MAX_ROUNDS;
  checkRun({ ...request, tools, maxRounds });
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
