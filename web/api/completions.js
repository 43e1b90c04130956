/* Chat and text completions in OpenAI's shapes, over one session of a model: for workers, Node and servers alike. */
import { StopText } from './stops.js';

const MOST_STOPS = 4;
const MOST_TOP = 20;
const MOST_PROMPTS = 128;

/* What is wrong with a request, and with which of its fields. */
export class RequestError extends Error {
  constructor(message, param = null, code = null) {
    super(message);
    this.name = 'RequestError';
    this.param = param;
    this.code = code;
  }
}

function number(request, name, low, high, fallback) {
  const value = request[name] ?? fallback;
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= low && value <= high))
    throw new RequestError(`${name} is a number from ${low} to ${high}`, name);
  return value;
}

function whole(request, name, low, high, fallback) {
  const value = number(request, name, low, high, fallback);
  if (value !== undefined && !Number.isInteger(value)) throw new RequestError(`${name} is a whole number`, name);
  return value;
}

function stopsOf({ stop }) {
  const stops = stop === undefined || stop === null ? [] : [].concat(stop);
  if (stops.length > MOST_STOPS || !stops.every((each) => typeof each === 'string')) {
    throw new RequestError(`stop is a string, or up to ${MOST_STOPS} of them`, 'stop');
  }
  return stops;
}

const seedOf = (request) =>
  whole(request, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Math.floor(Math.random() * 2 ** 52));

function biasOf({ logit_bias: bias }) {
  if (bias === undefined || bias === null) return undefined;
  const good =
    typeof bias === 'object' &&
    Object.entries(bias).every(([id, value]) => /^\d{1,9}$/.test(id) && typeof value === 'number');
  if (!good) throw new RequestError('logit_bias has a number for each token id', 'logit_bias');
  return bias;
}

function samplingOf(request, seed) {
  const settings = {
    temperature: number(request, 'temperature', 0, 100),
    topP: number(request, 'top_p', 0, 1),
    topK: whole(request, 'top_k', 0, 2 ** 31 - 1),
    minP: number(request, 'min_p', 0, 1),
    repeatPenalty: number(request, 'repeat_penalty', 0.01, 100),
    frequencyPenalty: number(request, 'frequency_penalty', -2, 2),
    presencePenalty: number(request, 'presence_penalty', -2, 2),
    logitBias: biasOf(request),
    seed,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/* The prompts that a text, token ids, or a list of either stands for. */
function promptsOf({ prompt }) {
  const isIds = (value) => Array.isArray(value) && value.length > 0 && value.every(Number.isInteger);
  const prompts = typeof prompt === 'string' || isIds(prompt) ? [prompt] : prompt;
  if (
    !Array.isArray(prompts) ||
    prompts.length === 0 ||
    prompts.length > MOST_PROMPTS ||
    !prompts.every((each) => typeof each === 'string' || isIds(each))
  ) {
    throw new RequestError(`prompt is a text, token ids, or a list of up to ${MOST_PROMPTS} of either`, 'prompt');
  }
  return prompts;
}

const sumOf = (a, b) => ({
  prompt_tokens: a.prompt_tokens + b.prompt_tokens,
  completion_tokens: a.completion_tokens + b.completion_tokens,
  total_tokens: a.total_tokens + b.total_tokens,
  prompt_tokens_details: {
    cached_tokens: a.prompt_tokens_details.cached_tokens + b.prompt_tokens_details.cached_tokens,
  },
});

/* Text of a message, whose content may be parts. */
function contentOf({ content }) {
  if (!Array.isArray(content)) {
    if (typeof (content ?? '') !== 'string')
      throw new RequestError('content is text, or a list of its parts', 'messages');
    return content ?? '';
  }
  return content
    .map((part) => {
      if (part?.type !== 'text') throw new RequestError(`content of type ${part?.type} is not understood`, 'messages');
      if (typeof part.text !== 'string') throw new RequestError('a part of the type text has a text', 'messages');
      return part.text;
    })
    .join('');
}

/* {logprob, top: [[id, logprob], ...]} of a token, before temperature and penalties. */
function probabilities(logits, id, count) {
  let most = -Infinity;
  for (const logit of logits) if (logit > most) most = logit;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  const norm = most + Math.log(sum);
  const top = [];
  for (let i = 0; count && i < logits.length; i++) {
    if (top.length === count && logits[i] <= top.at(-1)[1]) continue;
    let at = top.length;
    while (at && top[at - 1][1] < logits[i]) at--;
    top.splice(at, 0, [i, logits[i]]);
    if (top.length > count) top.pop();
  }
  return { logprob: logits[id] - norm, top: top.map(([each, logit]) => [each, logit - norm]) };
}

export class Completions {
  #engine;
  #model;
  #session;
  #held = []; /* tokens that the session has */
  #busy = Promise.resolve();
  #options;

  /* model: of engine.js. now() gives seconds for templates; pause(waiting, signal) is awaited between bounded steps, so that
   * messages such as an abort get in; while the model is loading, waiting says that more of it must come first. overflow: what happens to a chat longer than the context, 'stop' (an error) or 'shift' (the
   * oldest messages but the system's are left out, and an answer of max_tokens that meets the end of the context goes on without the older half). */
  constructor(
    model,
    {
      contextSize,
      name = 'quern',
      now = () => Math.floor(Date.now() / 1000),
      pause = async () => {},
      overflow = 'stop',
    } = {},
  ) {
    this.#model = model;
    this.#engine = model.engine;
    this.contextSize = contextSize || Math.min(model.contextSize, 4096);
    this.#options = { name, now, pause, overflow };
    this.#session = model.session({ context: this.contextSize });
  }

  free() {
    this.#session.free();
  }

  /* Prompt's tokens of a chat: text of messages never becomes a special token. */
  template(messages, more = {}) {
    const context = {
      ...more,
      messages: messages.map((message) => ({ ...message, content: contentOf(message) })),
      add_generation_prompt: true,
      now: this.#options.now(),
    };
    const prompt = this.#engine.prompt(this.#model, context);
    try {
      return { text: prompt.text, tokens: prompt.tokens(this.#model) };
    } finally {
      prompt.free();
    }
  }

  /* Tokens of what a full context keeps: all up to the first message's text that is not the system's. */
  #headOf(messages, more) {
    const first = messages.findIndex(({ role }) => role !== 'system');
    if (first < 0) return this.#beginning();
    const tokens = (content) =>
      this.template([...messages.slice(0, first), { ...messages[first], content }], more).tokens;
    const [one, other] = [tokens('a'), tokens('1')];
    const shared = one.findIndex((id, i) => id !== other[i]);
    return shared < 0 ? this.#beginning() : shared;
  }

  #beginning() {
    return this.#model.tokenize('').length;
  }

  #fitting(request) {
    let { messages } = request;
    if (!Array.isArray(messages) || messages.length === 0)
      throw new RequestError('messages is a list of at least one', 'messages');
    if (!messages.every((message) => typeof message?.role === 'string'))
      throw new RequestError('each message has a role', 'messages');
    if (!Array.isArray(request.tools ?? [])) throw new RequestError('tools is a list', 'tools');
    const more = request.tools ? { tools: request.tools } : {};
    for (;;) {
      const { tokens } = this.template(messages, more);
      const oldest = messages.findIndex(({ role }) => role !== 'system');
      if (
        tokens.length < this.contextSize ||
        this.#options.overflow !== 'shift' ||
        oldest < 0 ||
        oldest === messages.length - 1
      ) {
        return { ids: tokens, head: () => this.#headOf(messages, more) };
      }
      messages = messages.toSpliced ? messages.toSpliced(oldest, 1) : messages.filter((_, i) => i !== oldest);
    }
  }

  /* Makes the session hold `ids`, computing only what it does not hold yet. Returns how many it held. */
  async #prefill(ids, signal) {
    let shared = 0;
    while (shared < ids.length - 1 && ids[shared] === this.#held[shared]) shared++;
    try {
      this.#session.rewind(shared);
    } catch {
      shared = 0; /* a model that cannot go back begins again */
      this.#session.rewind(0);
    }
    this.#held = ids.slice(0, shared);
    this.#session.feed(ids.slice(shared));
    try {
      while (this.#session.step()) {
        await this.#options.pause(this.#session.waiting, signal);
        signal?.throwIfAborted();
      }
    } catch (error) {
      this.#session.rewind(0);
      this.#held = [];
      throw error;
    }
    this.#held = ids.slice();
    return shared;
  }

  /* Makes room in a full context: of the tokens after the first `head` the older half goes. */
  async #shift(id, head, signal) {
    const keep = Math.min(head, this.contextSize >> 1);
    const rest = this.#held.slice(keep);
    await this.#prefill([...this.#held.slice(0, keep), ...rest.slice(rest.length >> 1), id], signal);
  }

  /* Yields {text, tokens} pieces and at last {finish, usage}. head() is how many tokens a full context keeps. */
  async *#generate({ ids, head }, request, seed, logprobs, signal) {
    if (ids.length === 0) throw new RequestError('the prompt is empty');
    if (ids.length >= this.contextSize) {
      throw new RequestError(
        `the prompt has ${ids.length} tokens, the context holds ${this.contextSize}`,
        null,
        'context_length_exceeded',
      );
    }
    const asked = whole(
      request,
      request.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens',
      1,
      2 ** 53,
      this.contextSize,
    );
    const room = this.contextSize - ids.length;
    const shifts = this.#options.overflow === 'shift' && (request.max_completion_tokens ?? request.max_tokens) != null;
    const most = shifts ? asked : Math.min(asked, room);
    this.#session.sampling(samplingOf(request, seed));
    const cached = await this.#prefill(ids, signal);
    const decoder = this.#model.streamDecoder();
    const stops = new StopText(stopsOf(request));
    let count = 0;
    let finish = 'length';
    let waiting = [];
    while (count < most) {
      const logits = logprobs === null ? null : this.#session.logits();
      const id = this.#session.sample();
      if (this.#model.isEnd(id)) {
        finish = 'stop';
        break;
      }
      count++;
      const piece = decoder.push(id);
      if (logits) waiting.push({ id, ...probabilities(logits, id, logprobs) });
      const text = stops.push(piece);
      if (text) {
        yield { text, tokens: waiting };
        waiting = [];
      }
      if (stops.stopped) {
        finish = 'stop';
        break;
      }
      if (count === most) break;
      if (this.#held.length === this.contextSize) {
        await this.#shift(id, head(), signal);
      } else {
        this.#session.feed([id]);
        this.#held.push(id);
        while (this.#session.step());
      }
      await this.#options.pause();
      signal?.throwIfAborted();
    }
    const rest = stops.push(decoder.flush()) + stops.flush();
    if (rest || waiting.length) yield { text: rest, tokens: waiting };
    yield {
      finish,
      usage: {
        prompt_tokens: ids.length,
        completion_tokens: count,
        total_tokens: ids.length + count,
        prompt_tokens_details: { cached_tokens: cached },
      },
    };
  }

  /* One request after another: they share the session. One that was aborted while it waited leaves the session as it is.
   * Resolves to a function that lets the next one in. */
  async #turn(signal) {
    const before = this.#busy;
    let done;
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

  async *#inTurn(signal, work) {
    const done = await this.#turn(signal);
    try {
      yield* work();
    } finally {
      done();
    }
  }

  /* keep(session, ids), between requests, with the ids of the session's tokens. */
  async keep(keep) {
    const done = await this.#turn();
    try {
      return await keep(this.#session, this.#held.slice());
    } finally {
      done();
    }
  }

  /* resume(session), between requests, restores the session and gives the ids of its tokens. */
  async resume(resume) {
    const done = await this.#turn();
    try {
      this.#held = await resume(this.#session);
    } finally {
      this.#held = this.#held.slice(0, this.#session.position);
      done();
    }
  }

  #pieceOf(id) {
    const bytes = this.#model.detokenize([id], { showSpecial: true });
    return { token: new TextDecoder().decode(bytes), bytes: Array.from(bytes) };
  }

  async *#choices(request, prompt, logprobs, signal, chunk) {
    const { ids } = prompt;
    const n = whole(request, 'n', 1, 128, 1);
    const seed = seedOf(request);
    const total = {
      prompt_tokens: ids.length,
      completion_tokens: 0,
      total_tokens: ids.length,
      prompt_tokens_details: { cached_tokens: 0 },
    };
    for (let index = 0; index < n; index++) {
      for await (const { text, tokens, finish, usage } of this.#generate(
        prompt,
        request,
        Number(seed) + index,
        logprobs,
        signal,
      )) {
        yield chunk(index, text, tokens, finish ?? null);
        if (!usage) continue;
        total.completion_tokens += usage.completion_tokens;
        total.total_tokens += usage.completion_tokens;
        if (index === 0) total.prompt_tokens_details = usage.prompt_tokens_details;
      }
    }
    return total;
  }

  /* chat.completion.chunk objects. */
  async *chat(request, { signal } = {}) {
    const logprobs = request.logprobs ? whole(request, 'top_logprobs', 0, MOST_TOP, 0) : null;
    const head = {
      id: `chatcmpl-${crypto.randomUUID()}`,
      object: 'chat.completion.chunk',
      created: Math.floor(Date.now() / 1000),
      model: this.#options.name,
    };
    const self = this;
    const entry = ({ id, logprob, top }) => ({
      id,
      ...this.#pieceOf(id),
      logprob,
      top_logprobs: top.map(([each, value]) => ({ id: each, ...this.#pieceOf(each), logprob: value })),
    });
    yield* this.#inTurn(signal, async function* turn() {
      const prompt = self.#fitting(request);
      const begun = new Set();
      const usage = yield* self.#choices(request, prompt, logprobs, signal, (index, text, tokens, finish) => {
        const delta = begun.has(index) ? {} : { role: 'assistant' };
        begun.add(index);
        if (text) delta.content = text;
        return {
          ...head,
          choices: [
            { index, delta, logprobs: tokens?.length ? { content: tokens.map(entry) } : null, finish_reason: finish },
          ],
        };
      });
      if (request.stream_options?.include_usage || !request.stream) yield { ...head, choices: [], usage };
    });
  }

  /* text_completion objects. */
  async *complete(request, { signal } = {}) {
    const logprobs =
      request.logprobs === undefined || request.logprobs === null ? null : whole(request, 'logprobs', 0, MOST_TOP);
    const head = {
      id: `cmpl-${crypto.randomUUID()}`,
      object: 'text_completion',
      created: Math.floor(Date.now() / 1000),
      model: this.#options.name,
    };
    const self = this;
    yield* this.#inTurn(signal, async function* turn() {
      const prompts = promptsOf(request).map((prompt) =>
        typeof prompt === 'string' ? self.#model.tokenize(prompt) : prompt,
      );
      let place = 0;
      let usage;
      const chunk = (index, text, tokens, finish) => ({
        ...head,
        choices: [
          {
            index: place + index,
            text: text ?? '',
            finish_reason: finish,
            logprobs: tokens?.length
              ? {
                  tokens: tokens.map(({ id }) => self.#pieceOf(id).token),
                  token_logprobs: tokens.map(({ logprob }) => logprob),
                  top_logprobs: tokens.map(({ top }) =>
                    Object.fromEntries(top.map(([id, value]) => [self.#pieceOf(id).token, value])),
                  ),
                }
              : null,
          },
        ],
      });
      for (const ids of prompts) {
        const used = yield* self.#choices(request, { ids, head: () => self.#beginning() }, logprobs, signal, chunk);
        usage = usage ? sumOf(usage, used) : used;
        place += request.n ?? 1;
      }
      if (request.stream_options?.include_usage || !request.stream) yield { ...head, choices: [], usage };
    });
  }
}

function joined(into, from) {
  if (!from) return into;
  if (!into) return from;
  return Object.fromEntries(Object.keys(from).map((key) => [key, [...into[key], ...from[key]]]));
}

/* The one object that the chunks of a stream come to. */
export async function collect(chunks) {
  let whole;
  const choices = [];
  for await (const { choices: pieces, usage, ...head } of chunks) {
    whole ??= { ...head, object: head.object.replace('.chunk', '') };
    if (usage) whole.usage = usage;
    for (const { index, delta, text, logprobs, finish_reason: finish } of pieces) {
      const choice = (choices[index] ??= {
        index,
        ...(delta ? { message: { role: 'assistant', content: '' } } : { text: '' }),
        logprobs: null,
        finish_reason: null,
      });
      if (delta) choice.message.content += delta.content ?? '';
      else choice.text += text;
      choice.logprobs = joined(choice.logprobs, logprobs);
      choice.finish_reason = finish ?? choice.finish_reason;
    }
  }
  return { ...whole, choices };
}
