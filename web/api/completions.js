/* Chat and text completions as streams of chunks in OpenAI's shapes. */
import { chatLogprobs, textLogprobs } from './logprobs.js';
import { chatOf, integerField, promptsOf, seedOf } from './requests.js';
import { sumOfUsage, usageOf } from './usage.js';

/**
 * @import { ChatCompletionChunk, ChatRequest, Completion, CompletionRequest, Usage } from '../index.js'
 * @import { Conversation, Piece, Prompt } from './conversation.js'
 * @import { Request } from './requests.js'
 */

const MAX_TOP_LOGPROBS = 20;
const MAX_CHOICES = 128;

/**
 * @typedef {object} CompletionOptions
 * @property {string} name of the model
 * @property {AbortSignal} [signal]
 */

/** @param {Request} request */
const wantsUsage = (request) => request.stream_options?.include_usage || !request.stream;

/**
 * Generates the `n` choices of a prompt, one after another; toChunk makes a chunk of each piece. Returns the tokens
 * used.
 * @template T
 * @param {Conversation} conversation
 * @param {Request} request
 * @param {Prompt} prompt
 * @param {{ logprobs: number | null, signal?: AbortSignal }} options
 * @param {(index: number, piece: Piece) => T} toChunk
 * @returns {AsyncGenerator<T, Usage, undefined>}
 */
async function* choices(conversation, request, prompt, { logprobs, signal }, toChunk) {
  const n = integerField(request, 'n', 1, MAX_CHOICES, 1);
  const seed = seedOf(request);
  let completion = 0;
  let cached = 0;
  for (let index = 0; index < n; index++) {
    for await (const piece of conversation.generate(prompt, request, seed + index, logprobs, signal)) {
      yield toChunk(index, piece);
      if (!piece.usage) continue;
      completion += piece.usage.completion_tokens;
      if (index === 0) cached = piece.usage.prompt_tokens_details.cached_tokens;
    }
  }
  return usageOf(prompt.ids.length, completion, cached);
}

/**
 * @param {Conversation} conversation
 * @param {ChatRequest} request
 * @param {CompletionOptions} options
 * @returns {AsyncGenerator<ChatCompletionChunk, void, undefined>}
 */
export async function* chat(conversation, request, { name, signal }) {
  const fields = /** @type {Request} */ (/** @type {unknown} */ (request));
  const logprobs = request.logprobs ? integerField(fields, 'top_logprobs', 0, MAX_TOP_LOGPROBS, 0) : null;
  const head = {
    id: `chatcmpl-${crypto.randomUUID()}`,
    object: /** @type {const} */ ('chat.completion.chunk'),
    created: Math.floor(Date.now() / 1000),
    model: name,
  };
  const started = new Set(); // choices whose first chunk, which has the role, has been sent
  /**
   * @param {number} index
   * @param {Piece} piece
   * @returns {ChatCompletionChunk}
   */
  function toChunk(index, { text, tokens, finish }) {
    /** @type {ChatCompletionChunk['choices'][number]['delta']} */
    const delta = started.has(index) ? {} : { role: 'assistant' };
    started.add(index);
    if (text) delta.content = text;
    const logprobs = chatLogprobs(conversation.model, tokens);
    return { ...head, choices: [{ index, delta, logprobs, finish_reason: finish ?? null }] };
  }
  yield* conversation.exclusively(signal, async function* work() {
    const { messages, variables } = chatOf(request);
    const prompt = conversation.chatPrompt(messages, variables);
    const usage = yield* choices(conversation, fields, prompt, { logprobs, signal }, toChunk);
    if (wantsUsage(fields)) yield { ...head, choices: [], usage };
  });
}

/**
 * @param {Conversation} conversation
 * @param {CompletionRequest} request
 * @param {CompletionOptions} options
 * @returns {AsyncGenerator<Completion, void, undefined>}
 */
export async function* complete(conversation, request, { name, signal }) {
  const fields = /** @type {Request} */ (/** @type {unknown} */ (request));
  const wantsLogprobs = request.logprobs !== undefined && request.logprobs !== null;
  const logprobs = wantsLogprobs ? integerField(fields, 'logprobs', 0, MAX_TOP_LOGPROBS, 0) : null;
  const head = {
    id: `cmpl-${crypto.randomUUID()}`,
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
  function toChunk(index, { text = '', tokens, finish }) {
    const logprobs = textLogprobs(conversation.model, tokens);
    return { ...head, choices: [{ index: first + index, text, finish_reason: finish ?? null, logprobs }] };
  }
  yield* conversation.exclusively(signal, async function* work() {
    /** @type {Usage | undefined} */
    let usage;
    const prompts = promptsOf(request).map((prompt) =>
      typeof prompt === 'string' ? conversation.model.tokenize(prompt) : prompt,
    );
    for (const ids of prompts) {
      const prompt = { ids, head: () => conversation.textHead() };
      usage = sumOfUsage(usage, yield* choices(conversation, fields, prompt, { logprobs, signal }, toChunk));
      first += request.n ?? 1;
    }
    if (wantsUsage(fields)) yield { ...head, choices: [], usage };
  });
}
