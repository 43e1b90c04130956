/* The package's main entry: loads models. README.md and index.d.ts document it. */
import { Model } from './api/model.js';
import { isNode, node } from './runtime/node.js';
import { Link } from './worker/link.js';

/**
 * @import * as types from './index.js'
 * @import { SourceDescription } from './sources/index.js'
 */

export { deleteModel, listModels, persist, storageInfo } from './store/index.js';
export { deleteSession, listSessions } from './store/sessions.js';

/** @param {string | URL} address relative ones are relative to the page */
const absolute = (address) => new URL(address, globalThis.location?.href).href;

/**
 * A source in a form that can be posted to a worker.
 * @param {types.ModelSource} source
 * @returns {Promise<SourceDescription>}
 */
async function describe(source) {
  if (typeof source === 'string' || source instanceof URL) {
    const text = String(source);
    if (!isNode || /^https?:/.test(text)) return { url: absolute(text) };
    const { openAsBlob } = await node('fs');
    return { files: [await openAsBlob(source instanceof URL || text.startsWith('file:') ? new URL(text) : text)] };
  }
  if (Array.isArray(source)) {
    return source[0] instanceof Blob
      ? { files: /** @type {Blob[]} */ (source) }
      : { urls: /** @type {types.Address[]} */ (source).map(absolute) };
  }
  if (source instanceof Blob) return { files: [source] };
  if (source instanceof ReadableStream) return { stream: source };
  if (source instanceof ArrayBuffer) return { buffer: source };
  if (ArrayBuffer.isView(source)) return { buffer: /** @type {Uint8Array} */ (source) };
  return source;
}

/**
 * @param {types.ModelSource} source
 * @param {types.LoadOptions} [options]
 * @returns {Promise<types.Model>}
 */
export async function loadModel(source, { onProgress, onNote, signal, wasm, worker, ...options } = {}) {
  signal?.throwIfAborted();
  const described = await describe(source);
  const link = await Link.open(worker);
  const folder = wasm && absolute(String(wasm).replace(/\/?$/, '/'));
  return new Promise((resolve, reject) => {
    /** The info of a model that was returned early. @type {any} */
    let info = {};
    /** @param {{ progress?: types.Progress, note?: string, info?: types.ModelInfo }} chunk */
    const onChunk = (chunk) => {
      if (chunk.progress) onProgress?.(chunk.progress);
      if (chunk.note) onNote?.(chunk.note);
      if (!chunk.info) return;
      info = chunk.info;
      resolve(new Model(link, info, loaded));
    };
    const call = link.call('load', [described, { ...options, wasm: folder, threadsByPage: !isNode && !worker }], {
      signal,
      onChunk,
      transfer: 'stream' in described ? [described.stream] : [],
    });
    const loaded = call.then((value) => Object.assign(info, value));
    loaded.then(
      (value) => resolve(new Model(link, value, loaded)),
      (error) => {
        link.endSoon(error);
        reject(error);
      },
    );
  });
}
