/* Streams one answer of the model and measures it. */
import { requestSettings, settings } from './settings.js';

/* The messages that the model gets: the system prompt first, each with its role and content only. */
export function promptMessages(messages) {
  const { system } = settings();
  const bare = messages.map(({ role, content }) => ({ role, content }));
  return system.trim() ? [{ role: 'system', content: system }, ...bare] : bare;
}

/* Measures an answer while it streams. The clock starts over when the model has loaded, so that the time to the first
 * token does not include the download. */
class Stopwatch {
  #start = performance.now();
  #first;
  #last;
  #count = 0;

  constructor(model) {
    model.loaded.then(
      () => {
        if (this.#first === undefined) this.#start = performance.now();
      },
      () => {},
    );
  }

  add(tokens) {
    this.#last = performance.now();
    this.#first ??= this.#last;
    this.#count += tokens;
  }

  /* prompt: tokens of the prompt; earlier: tokens of the part of the answer that this one continues. */
  stats({ prompt, earlier, usage, finish }) {
    const count = this.#count;
    const tokens = usage?.completion_tokens ?? count;
    return {
      tokens: earlier + tokens,
      used: prompt && prompt + tokens,
      first: this.#first && (this.#first - this.#start) / 1000,
      rate: count > 1 ? (count - 1) / ((this.#last - this.#first) / 1000) : undefined,
      finish,
    };
  }
}

/* The request for an answer, or for the rest of one that begins with a text. The rest has no data of its tokens. */
function requestOf(messages, text) {
  const continued = text !== '';
  const given = continued ? [...messages, { role: 'assistant', content: text }] : messages;
  return {
    messages: promptMessages(given),
    continue_final_message: continued,
    stream: true,
    stream_options: { include_usage: true },
    ...(!continued && { logprobs: true, top_logprobs: 5 }),
    ...requestSettings(),
  };
}

/* Appends to `answer` ({ content, pieces, stats }) and calls changed() after each piece. An answer that has a text is
 * continued. Returns early, without an error, when the signal is aborted. */
export async function streamAnswer(model, messages, answer, signal, changed) {
  const watch = new Stopwatch(model);
  const request = requestOf(messages, answer.content);
  const state = { earlier: request.continue_final_message ? (answer.stats?.tokens ?? 0) : 0 };
  const onProgress = ({ total }) => {
    state.prompt = total;
  };
  answer.pieces ??= []; // a stored answer has none
  try {
    const options = { signal, onProgress };
    for await (const chunk of await model.chat.completions.create(request, options)) {
      state.usage = chunk.usage ?? state.usage;
      const choice = chunk.choices[0];
      if (!choice) continue;
      state.finish = choice.stop_reason ?? choice.finish_reason ?? state.finish;
      const tokens = choice.logprobs?.content ?? [];
      if (tokens.length > 0 || choice.delta.content) watch.add(tokens.length || 1);
      answer.pieces.push(...tokens);
      answer.content += choice.delta.content ?? '';
      answer.stats = watch.stats(state);
      if (choice.loop_length) answer.content = answer.content.slice(0, -choice.loop_length);
      changed();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (state.finish === 'length' && state.usage?.completion_tokens < request.max_tokens) state.finish = 'context';
  answer.stats = watch.stats({ ...state, ...(signal.aborted && { finish: 'stopped' }) });
}

/* Why an answer ended early. */
const FINISH = {
  length: 'maximum length reached',
  context: 'the context is full',
  stopped: 'stopped',
  loop: 'stopped because it repeated itself',
};
export const isCut = ({ finish }) => finish in FINISH;

/* The figures below an answer. */
export function describe({ tokens, first, rate, finish }) {
  const words = [`${tokens} token${tokens === 1 ? '' : 's'}`];
  if (rate) words.push(`${rate.toFixed(rate < 10 ? 1 : 0)} tokens/s`);
  if (first !== undefined) words.push(`first token after ${first < 10 ? first.toFixed(2) : Math.round(first)} s`);
  if (FINISH[finish]) words.push(FINISH[finish]);
  return words.join(' · ');
}
