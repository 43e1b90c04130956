/* The package's main entry: loads models. README.md and index.d.ts document it. */
import { checkedOptions } from './api/load-options.js';
import { Model } from './api/model.js';
import { isNode } from './runtime/node.js';
import { absoluteUrl, describe } from './sources/argument.js';
import { Link } from './worker/link.js';
import { streamPort } from './worker/stream-port.js';

/** @import * as types from './index.js' */

export { isQuernError, isRequestError, isSessionError, isSourceError } from './api/guards.js';
export { deleteModel, listModels, persist, storageInfo } from './store/index.js';
export { deleteSession, listSessions } from './store/sessions.js';

/**
 * @param {types.ModelSource} source
 * @param {types.LoadOptions} [given]
 * @returns {Promise<types.Model>}
 */
export async function loadModel(source, given = {}) {
  const { onProgress, onNote, signal, wasm, worker, ...options } = checkedOptions(given);
  signal?.throwIfAborted();
  const described = await describe(source);
  const folder = wasm && (await absoluteUrl(String(wasm).replace(/\/?$/, '/')));
  const link = await Link.open(worker && (await absoluteUrl(worker)));
  /** @type {any[]} */
  const transfer = [];
  if (!isNode && 'stream' in described) transfer.push(streamPort(described.stream));
  const threadsByPage = !isNode && !worker && typeof Worker !== 'undefined';
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
    link.onNews = (news, note) => {
      Object.assign(info, news);
      onNote?.(note);
    };
    const posted = transfer.length ? { ...described, stream: transfer[0] } : described;
    const call = link.call('load', [posted, { ...options, wasm: folder, threadsByPage }], {
      signal,
      onChunk,
      transfer,
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
