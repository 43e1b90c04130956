/* The package's main entry: loads models. README.md and index.d.ts document it. */

import { loadThrough } from './api/load.js';
import { checkedOptions } from './api/load-options.js';
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
  const { wasm, worker, ...options } = checkedOptions(given);
  options.signal?.throwIfAborted();
  const described = await describe(source);
  const folder = wasm && (await absoluteUrl(String(wasm).replace(/\/?$/, '/')));
  const link = await Link.open(worker && (await absoluteUrl(worker)));
  /** @type {any[]} */
  const transfer = [];
  if (!isNode && 'stream' in described) transfer.push(streamPort(described.stream));
  const threadsByPage = !isNode && !worker && typeof Worker !== 'undefined';
  const posted = transfer.length ? { ...described, stream: transfer[0] } : described;
  return loadThrough(link, posted, { ...options, wasm: folder, threadsByPage }, transfer);
}
