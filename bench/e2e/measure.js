/* Quern as a competitor, in any JavaScript host. */
import { Engine } from '../../web/engine.js';
import { randomTokens } from './tokens.js';

/* The same checksum as zlib's crc32. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/* wasm: the module's bytes; source: the model, as in Engine.loadModel(); spawn: as in startThreads(). */
export async function openQuern({ prompt, generate, context, threads, seed, kv, rows = [1] }, wasm, source, spawn) {
  const start = performance.now();
  const engine = await Engine.start(wasm, { threads, spawn });
  const model = await engine.loadModel(source);
  if (kv) model.useCache(kv);
  const loadMs = performance.now() - start;
  const passes = (k) => Math.ceil(generate / k);
  const longest = context + Math.max(prompt, ...rows.map((k) => k * passes(k)));
  const session = model.session({ context: longest });
  const tokens = randomTokens(longest, model.vocabSize, seed);

  /* Computes tokens [from, from + count) at these positions. */
  function compute(from, count) {
    session.feed(tokens.subarray(from, from + count));
    while (session.step());
  }

  function seconds(count, each) {
    session.rewind(context);
    const begin = performance.now();
    for (let at = context; at < context + count; at += each) compute(at, each);
    return (performance.now() - begin) / 1000;
  }

  if (context) compute(0, context);
  return {
    load_ms: loadMs,
    peak_bytes: engine.memory.buffer.byteLength,
    round() {
      const prefill_s = seconds(prompt, prompt);
      const logits = session.logits();
      const pass_s = rows.map((k) => seconds(k * passes(k), k) / passes(k));
      return {
        prefill_s,
        pass_s,
        decode_s: pass_s[0] * generate,
        peak_bytes: engine.memory.buffer.byteLength,
        crc32: crc32(new Uint8Array(logits.buffer)),
      };
    },
    async close() {
      session.free();
      model.free();
      await engine.stop();
    },
  };
}
