/* One answer of the model: what streams in, and what it took. */
import { requestSettings, settings } from './settings.js';

/* Messages as the model gets them: the system prompt first, and nothing but role and content. */
export function asked(messages) {
  const { system } = settings();
  const bare = messages.map(({ role, content }) => ({ role, content }));
  return system.trim() ? [{ role: 'system', content: system }, ...bare] : bare;
}

/* Streams into `answer` ({ content, pieces, stats }) and calls changed() after each piece. Ends early, and without an
 * error, when the signal is raised. */
export async function streamAnswer(model, messages, answer, signal, changed) {
  let start = performance.now();
  let first,
    last,
    count = 0,
    finish,
    usage;
  model.loaded.then(
    () => {
      if (first === undefined) start = performance.now();
    },
    () => {},
  ); // the time until then is the network's
  try {
    const stream = await model.chat.completions.create(
      {
        messages: asked(messages),
        stream: true,
        logprobs: true,
        top_logprobs: 5,
        stream_options: { include_usage: true },
        ...requestSettings(),
      },
      { signal },
    );
    for await (const chunk of stream) {
      usage = chunk.usage ?? usage;
      const choice = chunk.choices[0];
      if (!choice) continue;
      finish = choice.finish_reason ?? finish;
      const tokens = choice.logprobs?.content ?? [];
      if (tokens.length > 0 || choice.delta.content) {
        last = performance.now();
        first ??= last;
        count += tokens.length || 1;
      }
      answer.pieces.push(...tokens);
      answer.content += choice.delta.content ?? '';
      answer.stats = figures();
      changed();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  if (signal.aborted) finish = 'stopped';
  answer.stats = figures();

  function figures() {
    return {
      tokens: usage?.completion_tokens ?? count,
      prompt: usage?.prompt_tokens,
      first: first && (first - start) / 1000,
      rate: count > 1 ? (count - 1) / ((last - first) / 1000) : undefined,
      finish,
    };
  }
}

const ENDS = { length: 'cut at the longest answer', stopped: 'stopped' };

export function describe({ tokens, first, rate, finish }) {
  const parts = [`${tokens} token${tokens === 1 ? '' : 's'}`];
  if (rate) parts.push(`${rate.toFixed(rate < 10 ? 1 : 0)} tokens/s`);
  if (first !== undefined) parts.push(`first after ${first < 10 ? first.toFixed(2) : Math.round(first)} s`);
  if (ENDS[finish]) parts.push(ENDS[finish]);
  return parts.join(' · ');
}
