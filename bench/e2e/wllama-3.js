/* wllama 3.8.1 as a competitor. Runs in the page. It accepts neither tokens nor single steps, so the prompt is text
 * of about the right length, and the timings of a completion are scaled to the token count. One token is favored,
 * because wllama's JSON layer fails on output that is not valid UTF-8. Decode follows the prompt, so its context is
 * `prompt` tokens longer than for the other engines. */
import { Wllama } from '/bench/node_modules/wllama-3/esm/index.js';
import { randomTokens } from './tokens.js';

/* Words that are one token each, with a leading space, in common vocabularies. */
const WORDS = [
  'time',
  'year',
  'people',
  'way',
  'day',
  'man',
  'thing',
  'woman',
  'life',
  'child',
  'world',
  'school',
  'state',
  'family',
  'student',
  'group',
];

const words = (count, seed) => Array.from(randomTokens(count, WORDS.length, seed), (i) => ` ${WORDS[i]}`).join('');

export async function open({ url, prompt, generate, context, threads, seed }) {
  const start = performance.now();
  const wllama = new Wllama(
    { default: '/bench/node_modules/wllama-3/esm/wasm/wllama.wasm' },
    { suppressNativeLog: true },
  );
  const blob = await (await fetch(url)).blob();
  await wllama.loadModel([blob], {
    n_ctx: context + prompt + generate + 8,
    n_batch: Math.max(context, prompt),
    n_threads: threads,
    n_parallel: 1,
    n_gpu_layers: 0,
    warmup: false,
  });
  const loadMs = performance.now() - start;
  const kept = words(context, seed);
  let rounds = 0;

  async function complete(count) {
    const answer = await wllama.createCompletion({
      prompt: kept + words(prompt, seed + ++rounds),
      max_tokens: count,
      temperature: 0,
      ignore_eos: true,
      cache_prompt: true,
      logit_bias: [[' the', 1000]],
    });
    const timings = answer.timings ?? answer[0]?.timings ?? answer.__verbose?.timings;
    if (!timings) throw new Error(`no timings in ${JSON.stringify(answer).slice(0, 300)}`);
    return timings;
  }

  if (context) await complete(1);
  return {
    load_ms: loadMs,
    peak_bytes: null,
    async round() {
      const t = await complete(generate);
      return {
        prefill_s: ((t.prompt_ms / t.prompt_n) * prompt) / 1000,
        decode_s: ((t.predicted_ms / t.predicted_n) * generate) / 1000,
      };
    },
    close: () => wllama.exit(),
  };
}
