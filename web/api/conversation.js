/* The session that chat and text completions share. It keeps what was computed, and takes one request after another. */

import { LOGITS_ALL, LOGITS_LAST, LOGITS_NONE } from '../engine/constants.js';
import { areFollowed, CallGrammars } from './call-grammars.js';
import { withShortIds } from './call-ids.js';
import { Ending } from './ending.js';
import { Grammars, grammarSourceOf } from './grammars.js';
import { Guide } from './guide.js';
import { PendingTokens, sampledToken } from './logprobs.js';
import { LoopDetector } from './loops.js';
import { checkOutput, OutputReader, outputRequestOf, READS_REASONING } from './outputs.js';
import {
  booleanField,
  maxTokensOf,
  RequestError,
  requireTokens,
  samplingOf,
  stopsOf,
  templateMessage,
} from './requests.js';
import { StopText } from './stop-text.js';
import { hasRoom, requireLength, requireRoom, textLimitOf } from './text-limit.js';
import { isSystem, withoutOldestTurn } from './turns.js';
import { usageOf } from './usage.js';

/**
 * @import { ChatDelta, ChatMessage, FinishReason, Usage } from '../index.js'
 * @import { Format } from '../engine.js'
 * @import { Model } from '../engine/model.js'
 * @import { Session } from '../engine/session.js'
 * @import { Tool } from './call-schema.js'
 * @import { SampledToken } from './logprobs.js'
 * @import { Request } from './requests.js'
 */

const DEFAULT_CONTEXT = 4096; // tokens, or the model's if it has fewer
const LATER = 1n << 63n; // what the seed of the tokens after min_tokens differs by

/**
 * A prompt's tokens. head() is how many of them a full context keeps; turn() is how many of them the prompt of the next
 * turn certainly begins with. begun: how many at its end are the start of the answer. reads(): what reads the output.
 * @typedef {{ ids: number[], head: () => number, turn?: () => number, begun?: number,
 *   reads?: () => ReturnType<Conversation['reader']> }} Prompt
 *
 * A forced token, and the logits that it was chosen from if they were asked for.
 * @typedef {{ id: number, logits: Float32Array | null }} ForcedToken
 *
 * A piece of an answer; the last one has `finish` and `usage`. loopLength: if stop_loops ended the answer, how many
 * characters at its end repeat the phrase before them.
 * @typedef {{ text?: string, tokens?: SampledToken[], finish?: FinishReason, loopLength?: number, usage?: Usage,
 *   deltas?: ChatDelta[] }} Piece
 *
 * How much of a prompt has been computed: `processed` of `total` tokens, of which `cache` were computed for earlier
 * requests, in `time_ms` milliseconds. The names are llama.cpp's.
 * @typedef {{ total: number, cache: number, processed: number, time_ms: number }} Progress
 *
 * @typedef {object} GenerateOptions
 * @property {number | null} logprobs how many likely tokens to list with each token; null: compute no probabilities
 * @property {AbortSignal} [signal]
 * @property {(progress: Progress) => void} [onProgress] called after each step of the prompt
 *
 * @typedef {object} ConversationOptions
 * @property {number} [contextSize] in tokens
 * @property {number} [batch] most tokens of a micro-batch; the engine's choice by default
 * @property {() => number} [now] seconds since 1970, for templates
 * @property {(waiting: boolean, signal?: AbortSignal) => Promise<unknown>} [pause] awaited between bounded steps, so
 *   that messages such as an abort are received; waiting: the next step needs more of the model, which is still loading
 * @property {'stop' | 'shift'} [overflow] see LoadOptions in index.d.ts
 * @property {string} [template] of chats; the file's own by default
 */

/**
 * How many tokens two lists begin with in common.
 * @param {number[]} a
 * @param {number[]} b
 */
function sharedLength(a, b) {
  const differs = a.findIndex((id, i) => id !== b[i]);
  return differs < 0 ? a.length : differs;
}

export class Conversation {
  #engine;
  #session;
  /** Ids of the tokens that the session holds. @type {number[]} */
  #held = [];
  /** Resolves when the last request has ended. @type {Promise<void>} */
  #busy = Promise.resolve();
  #now;
  #pause;
  #overflow;
  #template;
  #textLimit;
  #grammars;
  /** @type {Format | null} */
  #format = null;
  /** Of the tools that were asked for last, by which they are known. @type {{ key: string, grammars: CallGrammars } | null} */
  #calls = null;

  /**
   * @param {Model} model
   * @param {ConversationOptions} [options]
   */
  constructor(
    model,
    {
      contextSize,
      batch,
      now = () => Math.floor(Date.now() / 1000),
      pause = async () => {},
      overflow = 'stop',
      template,
    } = {},
  ) {
    this.model = model;
    this.#engine = model.engine;
    this.contextSize = contextSize || Math.min(model.contextSize, DEFAULT_CONTEXT);
    this.#now = now;
    this.#pause = pause;
    this.#overflow = overflow;
    this.#template = template;
    this.#session = model.session({ context: this.contextSize, batch });
    this.#textLimit = textLimitOf(model, this.contextSize);
    this.#grammars = new Grammars(model);
  }

  free() {
    this.#grammars.free();
    this.#calls?.grammars.free();
    this.#format?.free();
    this.#session.free();
  }

  /**
   * The prompt of a chat. Text of messages never becomes a special token.
   * @param {ChatMessage[]} messages
   * @param {Record<string, unknown>} [variables] further ones of the template
   * @param {number} [limit] most characters
   * @returns {{ text: string, tokens: number[], begun?: number }}
   */
  template(messages, variables = {}, limit = Infinity) {
    if (variables.continue_final_message) return this.#continuing(messages, variables, limit);
    const context = {
      now: this.#now(),
      add_generation_prompt: true,
      ...variables,
      messages: messages.map(templateMessage),
    };
    const prompt = this.#render(context);
    try {
      const { text } = prompt;
      requireLength(text.length, limit, 'messages');
      return { text, tokens: prompt.tokens(this.model) };
    } finally {
      prompt.free();
    }
  }

  /**
   * A rendered template. If it refuses the conversation, the ids of calls may be the reason.
   * @param {Record<string, unknown> & { messages: ChatMessage[] }} context
   */
  #render(context) {
    try {
      return this.#engine.prompt(this.model, context, this.#template);
    } catch (error) {
      const messages = withShortIds(context.messages);
      if (!messages) throw error;
      return this.#engine.prompt(this.model, { ...context, messages }, this.#template);
    }
  }

  /**
   * The prompt that ends with the text of the last message: the start of an answer, and that text.
   * @param {ChatMessage[]} messages
   * @param {Record<string, unknown>} variables
   * @param {number} limit
   */
  #continuing(messages, variables, limit) {
    const last = templateMessage(messages[messages.length - 1]);
    if (last.role !== 'assistant' || last.content === '')
      throw new RequestError('continue_final_message needs a last message of the assistant with a text', 'messages');
    const more = { ...variables, continue_final_message: false, add_generation_prompt: true };
    const { text, tokens } = this.template(messages.slice(0, -1), more, limit);
    const begun = this.model.tokenize(last.content, { addSpecial: false, parseSpecial: false });
    return { text: text + last.content, tokens: [...tokens, ...begun], begun: begun.length };
  }

  /**
   * The tokens of a text that is to be continued.
   * @param {string} text
   */
  async textPrompt(text) {
    await this.#pause(false);
    requireLength(text.length, this.#textLimit, 'prompt');
    return this.model.promptTokens(text);
  }

  /** How many tokens start every text. */
  textHead() {
    return this.model.tokenize('').length;
  }

  /**
   * How many tokens a full context keeps of a chat: those before the text of the first message after the system's. They
   * are found by rendering the chat with two different texts.
   * @param {ChatMessage[]} messages
   * @param {Record<string, unknown>} variables
   */
  #chatHead(messages, variables) {
    const first = messages.findIndex((message) => !isSystem(message));
    if (first < 0) return this.textHead();
    const others = { ...variables, continue_final_message: false };
    /** @param {string} content */
    const tokens = (content) =>
      this.template([...messages.slice(0, first), { ...messages[first], content }], others).tokens;
    const [one, other] = [tokens('a'), tokens('1')];
    const shared = sharedLength(one, other);
    return shared === one.length ? this.textHead() : shared;
  }

  /**
   * The prompt of a chat. With the overflow 'shift', the oldest turns are dropped until it fits.
   * @param {ChatMessage[]} all
   * @param {Record<string, unknown>} variables
   * @returns {Prompt}
   */
  chatPrompt(all, variables) {
    const size = { textLimit: this.#textLimit, contextSize: this.contextSize };
    for (let messages = all; ; ) {
      const shorter = this.#overflow === 'shift' ? withoutOldestTurn(messages) : undefined;
      if (!shorter) requireRoom(messages, size);
      if (!shorter || hasRoom(messages, size)) {
        const { tokens: ids, begun } = this.template(messages, variables, shorter ? Infinity : this.#textLimit);
        if (!shorter || ids.length < this.contextSize)
          return {
            ids,
            begun,
            head: () => this.#chatHead(messages, variables),
            turn: () => this.#turnStart(messages, variables, ids),
          };
      }
      messages = shorter;
    }
  }

  /**
   * How many tokens of a chat's prompt come before the start of the answer. Later turns may render the answer
   * differently, for example without its reasoning, but they begin with these tokens.
   * @param {ChatMessage[]} messages
   * @param {Record<string, unknown>} variables
   * @param {number[]} ids
   */
  #turnStart(messages, variables, ids) {
    try {
      const { tokens } = this.template(messages, { ...variables, add_generation_prompt: false });
      return sharedLength(ids, tokens);
    } catch {
      return ids.length; // some templates require the start of the answer; then only speed is lost
    }
  }

  /**
   * Makes the session hold `ids`; computes only those that it does not hold yet. Returns how many of them need not be
   * computed.
   * @param {number[]} ids
   * @param {Pick<GenerateOptions, 'signal' | 'onProgress'>} options
   * @param {() => number} [turn] of the prompt
   */
  async #prefill(ids, { signal, onProgress }, turn) {
    const start = performance.now();
    const session = this.#session;
    let shared = sharedLength(ids.slice(0, -1), this.#held);
    if (shared > session.position) shared = 0; // a step has failed and dropped tokens
    session.rewind(shared);
    this.#held = ids.slice(0, shared);
    const cache = shared - session.toRecompute;
    const report = () =>
      onProgress?.({
        total: ids.length,
        cache,
        processed: session.position - session.toRecompute,
        time_ms: performance.now() - start,
      });
    // A recurrent model keeps a copy of its state from here, for the next turn.
    const cut = (this.model.isRecurrent && turn?.()) || 0;
    const parts = cut > shared && cut < ids.length ? [ids.slice(shared, cut), ids.slice(cut)] : [ids.slice(shared)];
    try {
      for (const [i, part] of parts.entries()) {
        session.feed(part, i === parts.length - 1 ? LOGITS_LAST : LOGITS_NONE);
        while (session.step()) {
          report();
          await this.#pause(session.waiting, signal);
          signal?.throwIfAborted();
        }
      }
      report();
    } catch (error) {
      session.rewind(session.position); // drops the queued tokens
      this.#held = ids.slice(0, session.position);
      throw error;
    }
    this.#held = ids.slice();
    return cache;
  }

  /**
   * Computes one more token. A full context first drops the older half of the tokens after its head.
   * @param {number} id
   * @param {() => number} head
   * @param {() => void} constrain called when the session has other tokens than before
   * @param {AbortSignal} [signal]
   */
  async #append(id, head, constrain, signal) {
    if (this.#held.length === this.contextSize) {
      const keep = Math.min(head(), this.contextSize >> 1);
      const later = this.#held.slice(keep);
      await this.#prefill([...this.#held.slice(0, keep), ...later.slice(later.length >> 1), id], { signal });
      constrain();
    } else {
      this.#session.feed([id]);
      while (this.#session.step());
      this.#held.push(id);
    }
    await this.#pause(false);
    signal?.throwIfAborted();
  }

  /**
   * Computes the next tokens together if the grammar leaves no choice about several. At most `most` of them. If they end
   * the answer, they need not be computed at all, unless their logits are wanted. goesOn: more follows them anyway.
   * @param {number} most
   * @param {boolean} wantsLogits
   * @param {boolean} goesOn
   * @returns {ForcedToken[]}
   */
  #appendForced(most, wantsLogits, goesOn) {
    const session = this.#session;
    const room = Math.min(most, this.contextSize - this.#held.length);
    const run = session.forced();
    const end = run.findIndex((id) => this.model.isEnd(id));
    if (end >= 0 && end <= room && !wantsLogits && !goesOn) return run.map((id) => ({ id, logits: null }));
    const ids = run.slice(0, Math.min(end < 0 ? run.length : end, room));
    if (ids.length < 2) return [];
    const rows = [wantsLogits ? session.logits() : null];
    session.feed(ids, wantsLogits ? LOGITS_ALL : LOGITS_LAST);
    for (let more = true; more; ) {
      more = session.step();
      for (let row = 0; wantsLogits && row < session.rows; row++) rows.push(session.logits(row));
    }
    this.#held.push(...ids);
    return ids.map((id, i) => ({ id, logits: wantsLogits ? rows[i] : null }));
  }

  /**
   * The grammar of a request; null if it has none.
   * @param {Request} request
   */
  #grammarOf(request) {
    const source = grammarSourceOf(request);
    return source && this.#grammars.get(source);
  }

  /**
   * How many tokens to generate.
   * @param {number} promptTokens
   * @param {Request} request
   */
  #limit(promptTokens, request) {
    const asked = maxTokensOf(request);
    if (this.#overflow === 'shift' && asked !== undefined) return asked;
    return Math.min(asked ?? this.contextSize, this.contextSize - promptTokens);
  }

  /**
   * Throws if a request cannot be answered.
   * @param {number[]} ids of its prompt
   * @param {Request} request
   */
  check(ids, request) {
    maxTokensOf(request);
    stopsOf(request);
    booleanField(request, 'stop_loops', false);
    new Ending(this.model, request);
    this.#grammarOf(request);
    const { logitBias = {} } = samplingOf(request, 0);
    requireTokens(this.model, Object.keys(logitBias).map(Number), 'logit_bias');
    requireTokens(this.model, ids, 'prompt');
    if (ids.length === 0) throw new RequestError('the prompt is empty');
    if (ids.length >= this.contextSize) {
      throw new RequestError(
        `the prompt has ${ids.length} tokens, the context holds ${this.contextSize}`,
        null,
        'context_length_exceeded',
      );
    }
  }

  /**
   * Sets the sampler.
   * @param {Request} request
   * @param {bigint} seed
   * @param {Record<number, number>} biases that take precedence over the request's
   */
  #sampling(request, seed, biases) {
    const settings = samplingOf(request, 0);
    this.#session.sampling({ ...settings, seed, logitBias: { ...settings.logitBias, ...biases } });
  }

  /**
   * What reads the output of a chat, and the grammars of its calls; null: it is text as it is. Throws if the model cannot
   * do what the request asks.
   * @param {Prompt} prompt
   * @param {Request} request
   * @returns {{ reader: OutputReader, calls: CallGrammars | null } | null}
   */
  reader({ ids }, request) {
    const source = grammarSourceOf(request);
    const asked = outputRequestOf(request);
    if (!asked && !source) return null;
    this.#format ??= this.#engine.format(this.model, this.#template);
    if (asked) checkOutput(asked, this.#format, source?.param);
    const { description } = this.#format;
    const calls = asked?.tools.length && areFollowed(description) ? this.#grammarsOfCalls(asked.tools) : null;
    const single = { ...(asked ?? READS_REASONING), ...(source && { parallel: false }) };
    const reader = new OutputReader(this.model, this.#format, single, ids);
    if (asked || reader.thinking) return { reader, calls };
    reader.free();
    return null;
  }

  /**
   * The grammars of a request's calls, which later requests with the same tools use again.
   * @param {Tool[]} tools
   */
  #grammarsOfCalls(tools) {
    const key = JSON.stringify(tools);
    if (this.#calls?.key === key) return this.#calls.grammars;
    this.#calls?.grammars.free();
    this.#calls = null;
    const { description } = /** @type {Format} */ (this.#format);
    const grammars = new CallGrammars(this.model, tools, description);
    this.#calls = { key, grammars };
    return grammars;
  }

  /**
   * Generates an answer.
   * @param {Prompt} prompt
   * @param {Request} request
   * @param {number} seed
   * @param {GenerateOptions} options
   * @returns {AsyncGenerator<Piece, void, undefined>}
   */
  async *generate(prompt, request, seed, options) {
    const output = prompt.reads?.() ?? null;
    try {
      yield* this.#generate(prompt, output, request, seed, options);
    } finally {
      output?.reader.free();
      this.#session.constrain(null);
    }
  }

  /**
   * @param {Prompt} prompt
   * @param {ReturnType<Conversation['reader']>} output
   * @param {Request} request
   * @param {number} seed
   * @param {GenerateOptions} options
   * @returns {AsyncGenerator<Piece, void, undefined>}
   */
  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: one token passes all of these steps in order
  async *#generate({ ids, head, turn, begun = 0 }, output, request, seed, { logprobs, signal, onProgress }) {
    const limit = this.#limit(ids.length, request);
    const ending = new Ending(this.model, request);
    this.#sampling(request, BigInt(seed), ending.biases(0));
    const cached = await this.#prefill(ids, { signal, onProgress }, turn);
    const reader = output?.reader ?? null;
    const guide = new Guide(this.#session, {
      answer: this.#grammarOf(request),
      begun: ids.slice(ids.length - begun),
      reader,
      calls: output?.calls ?? null,
    });
    /** @type {ForcedToken[]} */
    let forced = [];
    const decoder = reader ?? this.model.streamDecoder({ continues: true });
    const stops = new StopText(stopsOf(request));
    const pending = new PendingTokens();
    let [decoded, shown] = [0, 0]; // characters
    const loops = request.stop_loops ? new LoopDetector() : null;
    /** @type {number | undefined} */
    let loop;
    let count = 0;
    /** @type {FinishReason} */
    let finish = 'length';
    while (count < limit) {
      const given = forced.length ? undefined : guide.next();
      if (given === undefined && forced.length === 0 && guide.active)
        forced = this.#appendForced(limit - count, logprobs !== null, guide.inCall);
      const next = forced.shift();
      const logits = next || logprobs === null ? (next?.logits ?? null) : this.#session.logits();
      const id = given ?? next?.id ?? this.#session.sample();
      if (ending.isEnd(id) && guide.continues) continue;
      if (ending.isEnd(id)) {
        finish = 'stop';
        break;
      }
      count++;
      guide.push(id);
      const token = logits && logprobs !== null ? sampledToken(logits, id, logprobs) : null;
      const piece = decoder.push(id, token);
      const text = count <= ending.minTokens ? piece : stops.push(piece);
      if (token && !reader) pending.add(decoded, token);
      for (const { start, token: shownToken } of reader?.takeTokens() ?? []) pending.add(start, shownToken);
      decoded += piece.length;
      shown += text.length;
      const deltas = reader?.take();
      if (text || deltas?.length) yield { text, tokens: pending.take(shown), deltas };
      if (stops.stopped || reader?.done) {
        finish = 'stop';
        break;
      }
      loop = loops?.push(id, piece);
      if (loop !== undefined) {
        finish = 'stop';
        break;
      }
      /* Setting the sampler restarts its random sequence, so the rest needs another seed. */
      if (count === ending.minTokens) this.#sampling(request, BigInt(seed) ^ LATER, ending.biases(count));
      if (count < limit && !next) await this.#append(id, head, () => guide.restore(), signal);
      if (next && forced.length === 0) await this.#pause(false);
      signal?.throwIfAborted();
    }
    const text = stops.push(decoder.flush()) + stops.flush();
    shown += text.length;
    for (const { start, token } of reader?.takeTokens() ?? []) pending.add(start, token);
    const tokens = pending.take(stops.stopped ? shown : Infinity);
    const deltas = reader?.take();
    if (text || tokens.length || deltas?.length) yield { text, tokens, deltas };
    if (finish === 'stop' && reader?.calls) finish = 'tool_calls';
    yield {
      finish,
      ...(loop !== undefined && { loopLength: shown - loop }),
      usage: usageOf(ids.length, count, cached, reader?.thought),
    };
  }

  /**
   * Waits for earlier requests: they share the session. Resolves to a function that lets the next request begin. A
   * request that is aborted while it waits leaves the session alone.
   * @param {AbortSignal} [signal]
   */
  async #queue(signal) {
    const before = this.#busy;
    let done = () => {};
    this.#busy = new Promise((resolve) => {
      done = resolve;
    });
    try {
      await before;
      signal?.throwIfAborted();
      return done;
    } catch (error) {
      done();
      throw error;
    }
  }

  /**
   * Runs `work` when earlier requests have ended.
   * @template T
   * @param {AbortSignal | undefined} signal
   * @param {() => AsyncGenerator<T, void, undefined>} work
   */
  async *exclusively(signal, work) {
    const done = await this.#queue(signal);
    try {
      yield* work();
    } finally {
      done();
    }
  }

  /**
   * Passes the session, and the ids of its tokens, to `save` between requests.
   * @template T
   * @param {(session: Session, ids: number[]) => Promise<T>} save
   */
  async keep(save) {
    const done = await this.#queue();
    try {
      return await save(this.#session, this.#held.slice());
    } finally {
      done();
    }
  }

  /**
   * Lets `restore` replace the session's content between requests; it resolves to the ids of its tokens.
   * @param {(session: Session) => Promise<number[]>} restore
   */
  async resume(restore) {
    const done = await this.#queue();
    try {
      this.#held = await restore(this.#session);
    } finally {
      this.#held = this.#held.slice(0, this.#session.position);
      done();
    }
  }
}
