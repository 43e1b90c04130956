/* Quern in a browser as a competitor: the worker that the engine lives in. */
import { startEngine, loadModel } from './quern-engine.js';
import { measured } from './measure.js';

let competitor;

async function open(cell) {
  const start = performance.now();
  const engine = await startEngine(new Uint8Array(await (await fetch(cell.wasm)).arrayBuffer()), cell.threads);
  const head = await fetch(cell.url, { method: 'HEAD' });
  const model = await loadModel(engine, Number(head.headers.get('content-length')), async (bytes, offset) => {
    const range = `bytes=${offset}-${offset + bytes.length - 1}`;
    const part = new Uint8Array(await (await fetch(cell.url, { headers: { range } })).arrayBuffer());
    bytes.set(part);
    return part.length;
  });
  const loadMs = performance.now() - start;
  const session = measured(engine, model, cell);
  competitor = {
    round: session.round,
    async close() {
      session.close();
      engine.exports.qn_model_free(model);
      await engine.stop();
    },
  };
  return { loadMs, peakBytes: engine.memory.buffer.byteLength };
}

self.onmessage = async ({ data }) => {
  try {
    if (data.open) self.postMessage(await open(data.open));
    else if (data === 'round') self.postMessage(competitor.round());
    else self.postMessage((await competitor.close()) ?? {});
  } catch (error) {
    self.postMessage({ error: String(error.stack ?? error) });
  }
};
