/* What the tests of sources and storage do in a worker: each message is [call, ...arguments]. */
import { openSource } from '../../web/sources/index.js';
import { deleteModel, listModels, storageInfo } from '../../web/store/index.js';

const PIECE = 5_000_000; // bytes; a piece ends within a block
const START = 100; // offset of the views, so that they are not aligned

async function digest(bytes) {
  const hash = await crypto.subtle.digest('SHA-256', bytes.slice());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const pages = (bytes) => Math.ceil((bytes + START) / 65536);
const memories = {
  shared: (n) => new WebAssembly.Memory({ initial: n, maximum: n, shared: true }),
  own: (n) => new WebAssembly.Memory({ initial: n }),
};

async function readPart(source, part, { memory = 'own', until = Infinity, backwards = false }) {
  const { size } = source.splits[part];
  const room = size || 32_000_000;
  const view = new Uint8Array(memories[memory](pages(room)).buffer, START, room);
  const starts = [];
  for (let at = 0; at < room; at += PIECE) starts.push(at);
  if (backwards) starts.reverse();
  let total = 0;
  for (const start of starts) {
    for (let at = start; at < Math.min(start + PIECE, room, until); ) {
      const got = await source.read(view.subarray(at, Math.min(start + PIECE, room)), at, part);
      if (!got) break;
      at += got;
      total += got;
    }
  }
  return digest(view.subarray(0, total));
}

const calls = {
  /* Opens, reads everything and closes. `abortAfter` ms; `hold`: reads no further than `until` and stays open. */
  async load(what, { abortAfter, hold, options, ...how } = {}) {
    const notes = [];
    let progress;
    const abort = new AbortController();
    if (abortAfter) setTimeout(() => abort.abort(), abortAfter);
    try {
      const source = await openSource(what, {
        ...options,
        signal: abort.signal,
        onNote: (text) => notes.push(text),
        onProgress: (now) => {
          progress = now;
        },
      });
      const sums = [];
      for (let part = 0; part < source.splits.length; part++) sums.push(await readPart(source, part, how));
      if (!hold) await source.finish();
      return { from: source.from, splits: source.splits, size: source.size, sums, notes, progress };
    } catch (error) {
      return { error: error.message, kind: error.name, notes };
    }
  },
  list: listModels,
  info: storageInfo,
  delete: (key) =>
    deleteModel(key).then(
      () => 'deleted',
      (error) => error.message,
    ),

  /* Damages a stored file: changes bytes at `at`, or the length. */
  async spoil(key, name, { at, bytes, size }) {
    const root = await navigator.storage.getDirectory();
    const folder = await (await root.getDirectoryHandle('quern')).getDirectoryHandle(key);
    const handle = await (await folder.getFileHandle(name)).createSyncAccessHandle();
    if (bytes) handle.write(new TextEncoder().encode(bytes), { at: at < 0 ? handle.getSize() + at : at });
    if (size) handle.truncate(size < 0 ? handle.getSize() + size : size);
    handle.close();
  },

  /* Simulates a browser without the origin private file system, on a machine where writing the journal takes `pause` ms
   * longer. */
  withoutFiles(pause = 0) {
    const { put } = Cache.prototype;
    Cache.prototype.put = async function slowly(address, response) {
      if (address.endsWith('/journal'))
        await new Promise((resolve) => {
          setTimeout(resolve, pause);
        });
      return put.call(this, address, response);
    };
    delete globalThis.FileSystemSyncAccessHandle;
    Object.defineProperty(navigator.storage, 'getDirectory', { value: undefined });
  },
};

self.onmessage = async ({ data: [call, ...rest] }) => {
  try {
    postMessage({ result: await calls[call](...rest) });
  } catch (error) {
    postMessage({ error: `${error.name}: ${error.message}` });
  }
};
