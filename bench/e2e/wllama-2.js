/* wllama 2.3.1 as a competitor. Runs in the page. */
import { Wllama } from '/bench/node_modules/wllama-2/esm/index.js';
import { randomTokens } from './tokens.js';

const WASM = '/bench/node_modules/wllama-2/esm';

export async function open({ url, prompt, generate, context, threads, seed }) {
  const start = performance.now();
  const wllama = new Wllama(
    {
      'single-thread/wllama.wasm': `${WASM}/single-thread/wllama.wasm`,
      'multi-thread/wllama.wasm': `${WASM}/multi-thread/wllama.wasm`,
    },
    { suppressNativeLog: true },
  );
  const blob = await (await fetch(url)).blob();
  const size = context + prompt + generate + 8;
  await wllama.loadModel([blob], { n_ctx: size, n_batch: Math.max(context, prompt), n_threads: threads });
  const loadMs = performance.now() - start;
  const { n_vocab: vocabulary } = wllama.getLoadedContextInfo();
  if (wllama.getNumThreads() !== threads) throw new Error(`wllama took ${wllama.getNumThreads()} threads`);
  const ids = Array.from(randomTokens(context + Math.max(prompt, generate), vocabulary, seed));

  async function timed(count, each) {
    const begin = performance.now();
    for (let at = context; at < context + count; at += each) {
      await wllama.decode(ids.slice(at, at + each), {});
    }
    const seconds = (performance.now() - begin) / 1000;
    if (context) await wllama.kvRemove(context, count);
    else await wllama.kvClear();
    return seconds;
  }

  await wllama.kvClear();
  if (context) await wllama.decode(ids.slice(0, context), { skipLogits: true });
  return {
    load_ms: loadMs,
    peak_bytes: null,
    round: async () => ({ prefill_s: await timed(prompt, prompt), decode_s: await timed(generate, 1) }),
    close: () => wllama.exit(),
  };
}
