/* Streams one answer of the model and measures it. */
import { requestSettings, settings } from './settings.js';

const LOOP = 48; // characters of all copies of a phrase together, at least

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

/* A text whose end repeats one phrase, with a single copy of it, up to the end of its sentence or line. */
export function withoutLoop(text) {
  const last = text.length - 1;
  for (let period = 1; period <= text.length / 3; period++) {
    let run = period;
    while (run <= last && text[last - run] === text[last - run + period]) run++;
    if (run < 3 * period || run < LOOP) continue;
    const end = text.length - run + period;
    const more = text.slice(end, end + period).search(/[.!?\n]/) + 1;
    return text.slice(0, end + more).trimEnd();
  }
  return text;
}

/* Appends to `answer` ({ content, pieces, stats }) and calls changed() after each piece. An answer that has a text is
 * continued. Returns early, without an error, when the signal is aborted. */
export async function streamAnswer(model, messages, answer, signal, changed) {
  const watch = new Stopwatch(model);
  const continued = answer.content !== '';
  const state = { earlier: continued ? (answer.stats?.tokens ?? 0) : 0 };
  const request = {
    messages: promptMessages(continued ? [...messages, answer] : messages),
    ...(continued && { continue_final_message: true, add_generation_prompt: false }),
    stream: true,
    logprobs: true,
    top_logprobs: 5,
    stream_options: { include_usage: true },
    ...requestSettings(),
  };
  const onProgress = ({ total }) => {
    state.prompt = total;
  };
  answer.pieces ??= []; // a stored answer has none
  try {
    for await (const chunk of await model.chat.completions.create(request, { signal, onProgress })) {
      state.usage = chunk.usage ?? state.usage;
      const choice = chunk.choices[0];
      if (!choice) continue;
      state.finish = choice.stop_reason ?? choice.finish_reason ?? state.finish;
      const tokens = choice.logprobs?.content ?? [];
      if (tokens.length > 0 || choice.delta.content) watch.add(tokens.length || 1);
      answer.pieces.push(...tokens);
      answer.content += choice.delta.content ?? '';
      answer.stats = watch.stats(state);
      changed();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (state.finish === 'loop') answer.content = withoutLoop(answer.content);
  answer.stats = watch.stats({ ...state, ...(signal.aborted && { finish: 'stopped' }) });
}

const FINISH = { length: 'maximum length reached', stopped: 'stopped', loop: 'stopped because it repeated itself' };

/* The figures below an answer. */
export function describe({ tokens, first, rate, finish }) {
  const words = [`${tokens} token${tokens === 1 ? '' : 's'}`];
  if (rate) words.push(`${rate.toFixed(rate < 10 ? 1 : 0)} tokens/s`);
  if (first !== undefined) words.push(`first token after ${first < 10 ? first.toFixed(2) : Math.round(first)} s`);
  if (FINISH[finish]) words.push(FINISH[finish]);
  return words.join(' · ');
}
