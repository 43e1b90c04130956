/* Quern in a browser as a competitor: the worker that runs the engine. */
import { spawnByPage } from '../../web/runtime/threads.js';
import { openQuern } from './measure.js';

let competitor;

async function open(cell) {
  const wasm = new Uint8Array(await (await fetch(cell.wasm)).arrayBuffer());
  const head = await fetch(cell.url, { method: 'HEAD' });
  const source = {
    size: Number(head.headers.get('content-length')),
    async read(bytes, offset) {
      const range = `bytes=${offset}-${offset + bytes.length - 1}`;
      const data = new Uint8Array(await (await fetch(cell.url, { headers: { range } })).arrayBuffer());
      bytes.set(data);
      return data.length;
    },
  };
  competitor = await openQuern(cell, wasm, source, spawnByPage(self));
  const { load_ms, peak_bytes } = competitor;
  return { load_ms, peak_bytes };
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
