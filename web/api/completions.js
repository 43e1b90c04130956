/* Chat and text completions as streams of chunks in OpenAI's shapes. */

import { readFields } from './fields.js';
import { chatLogprobs, textLogprobs } from './logprobs.js';
import { booleanField, chatOf, integerField, promptsOf, RequestError, seedOf } from './requests.js';
import { sumOfUsage, usageOf } from './usage.js';

/**
 * @import { ChatCompletionChunk, ChatDelta, ChatRequest, Completion, CompletionRequest, Usage } from '../index.js'
 * @import { Conversation, GenerateOptions, Piece, Progress, Prompt } from './conversation.js'
 * @import { Request } from './requests.js'
 */

const MAX_TOP_LOGPROBS = 20;
const MAX_CHOICES = 128;

/**
 * @typedef {object} CompletionOptions
 * @property {string} name of the model
 * @property {AbortSignal} [signal]
 * @property {(chunk: any) => void} [onProgress] called when the request has been accepted, before it waits for earlier
 *   ones, and after each step of its prompt, with a chunk that has `prompt_progress` and no choices
 */

/**
 * How an answer ended, as fields of its choice.
 * @param {Piece['finish']} [finish]
 * @param {Piece['loopLength']} [loopLength]
 */
const finishOf = (finish, loopLength) => ({
  finish_reason: finish ?? null,
  ...(loopLength !== undefined && { stop_reason: /** @type {const} */ ('loop'), loop_length: loopLength }),
});

/** Random digits for the id of an answer. Pages without HTTPS have no crypto.randomUUID. */
const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * How many likely tokens a chat's answer lists with each token; null: no probabilities.
 * @param {Request} fields
 */
function chatLogprobsOf(fields) {
  const count = integerField(fields, 'top_logprobs', 0, MAX_TOP_LOGPROBS, undefined);
  if (booleanField(fields, 'logprobs', false)) return count ?? 0;
  if (count) throw new RequestError('top_logprobs needs logprobs true', 'top_logprobs');
  return null;
}

/** @param {Request} request */
const wantsUsage = (request) => request.stream_options?.include_usage || !request.stream;

/**
 * Throws if fields of the request are wrong; otherwise reports that its first prompt, of `total` tokens, is about to be
 * computed. Runs before the request waits for earlier ones, so that a server can send its status at once.
 * @param {Request} request
 * @param {number} total
 * @param {(progress: Progress) => void} report
 */
function accept(request, total, report) {
  integerField(request, 'n', 1, MAX_CHOICES, 1);
  seedOf(request);
  for (const name of ['stream', 'return_progress']) booleanField(request, name, false);
  if (typeof (request.stream_options?.include_usage ?? false) !== 'boolean')
    throw new RequestError('stream_options.include_usage must be true or false', 'stream_options');
  report({ total, cache: 0, processed: 0, time_ms: 0 });
}

/**
 * Generates the `n` choices of a prompt, one after another; toChunk makes a chunk of each piece. Returns the tokens
 * used.
 * @template T
 * @param {Conversation} conversation
 * @param {Request} request
 * @param {Prompt} prompt
 * @param {GenerateOptions} options
 * @param {(index: number, piece: Piece, more?: ChatDelta) => T} toChunk
 * @returns {AsyncGenerator<T, Usage, undefined>}
 */
async function* choices(conversation, request, prompt, options, toChunk) {
  const n = integerField(request, 'n', 1, MAX_CHOICES, 1);
  const seed = seedOf(request);
  let completion = 0;
  let [cached, reasoning] = [0, 0];
  for (let index = 0; index < n; index++) {
    for await (const piece of conversation.generate(prompt, request, seed + index, options)) {
      const { deltas = [], ...rest } = piece;
      if (rest.text || rest.finish || rest.tokens?.length || deltas.length === 0) yield toChunk(index, rest);
      for (const delta of deltas) yield toChunk(index, {}, delta);
      if (!piece.usage) continue;
      completion += piece.usage.completion_tokens;
      reasoning += piece.usage.completion_tokens_details.reasoning_tokens;
      if (index === 0) cached = piece.usage.prompt_tokens_details.cached_tokens;
    }
  }
  return usageOf(prompt.ids.length, completion, cached, reasoning);
}

/**
 * @param {Conversation} conversation
 * @param {ChatRequest} request
 * @param {CompletionOptions} options
 * @returns {AsyncGenerator<ChatCompletionChunk, void, undefined>}
 */
export async function* chat(conversation, request, { name, signal, onProgress }) {
  const fields = readFields(request, 'chat');
  const logprobs = chatLogprobsOf(fields);
  const head = {
    id: `chatcmpl-${randomId()}`,
    object: /** @type {const} */ ('chat.completion.chunk'),
    created: Math.floor(Date.now() / 1000),
    model: name,
  };
  const started = new Set(); // choices whose first chunk, which has the role, has been sent
  /**
   * @param {number} index
   * @param {Piece} piece
   * @param {ChatDelta} [more]
   * @returns {ChatCompletionChunk}
   */
  function toChunk(index, { text, tokens, finish, loopLength }, more = {}) {
    /** @type {ChatCompletionChunk['choices'][number]['delta']} */
    const delta = started.has(index) ? { ...more } : { role: 'assistant', ...more };
    started.add(index);
    if (text) delta.content = text;
    const logprobs = chatLogprobs(conversation.model, tokens);
    return { ...head, choices: [{ index, delta, logprobs, ...finishOf(finish, loopLength) }] };
  }
  const { messages, variables } = chatOf(fields);
  const prompt = conversation.chatPrompt(messages, variables);
  /** @param {Progress} progress */
  const report = (progress) => onProgress?.({ ...head, choices: [], prompt_progress: progress });
  conversation.check(prompt.ids, fields);
  conversation.reader(prompt, fields)?.reader.free(); // throws if the model cannot do what is asked
  accept(fields, prompt.ids.length, report);
  prompt.reads = () => conversation.reader(prompt, fields);
  yield* conversation.exclusively(signal, async function* work() {
    const options = { logprobs, signal, onProgress: report };
    const usage = yield* choices(conversation, fields, prompt, options, toChunk);
    if (wantsUsage(fields)) yield { ...head, choices: [], usage };
  });
}

/**
 * @param {Conversation} conversation
 * @param {CompletionRequest} request
 * @param {CompletionOptions} options
 * @returns {AsyncGenerator<Completion, void, undefined>}
 */
export async function* complete(conversation, request, { name, signal, onProgress }) {
  const fields = readFields(request, 'completion');
  const logprobs = fields.logprobs !== undefined ? integerField(fields, 'logprobs', 0, MAX_TOP_LOGPROBS, 0) : null;
  const head = {
    id: `cmpl-${randomId()}`,
    object: /** @type {const} */ ('text_completion'),
    created: Math.floor(Date.now() / 1000),
    model: name,
  };
  let first = 0; // index of the current prompt's first choice
  /**
   * @param {number} index
   * @param {Piece} piece
   * @returns {Completion}
   */
  function toChunk(index, { text = '', tokens, finish, loopLength }) {
    const logprobs = textLogprobs(conversation.model, tokens);
    return { ...head, choices: [{ index: first + index, text, ...finishOf(finish, loopLength), logprobs }] };
  }
  /** @type {number[][]} */
  const prompts = [];
  for (const prompt of promptsOf(fields)) {
    const ids = typeof prompt === 'string' ? await conversation.textPrompt(prompt) : prompt;
    conversation.check(ids, fields);
    prompts.push(ids);
  }
  /** @param {Progress} progress */
  const report = (progress) => onProgress?.({ ...head, choices: [], prompt_progress: progress });
  accept(fields, prompts[0].length, report);
  yield* conversation.exclusively(signal, async function* work() {
    /** @type {Usage | undefined} */
    let usage;
    const options = { logprobs, signal, onProgress: report };
    for (const ids of prompts) {
      const prompt = { ids, head: () => conversation.textHead() };
      usage = sumOfUsage(usage, yield* choices(conversation, fields, prompt, options, toChunk));
      first += fields.n ?? 1;
    }
    if (wantsUsage(fields)) yield { ...head, choices: [], usage };
  });
}
