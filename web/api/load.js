/* Loads a model through a link to the engine. */
import { Model } from './model.js';

/**
 * @import * as types from '../index.js'
 * @import { Link } from '../worker/link.js'
 */

/**
 * @param {Link} link
 * @param {any} described a SourceDescription, in the form that can be posted
 * @param {Omit<types.LoadOptions, 'worker'> & { threadsByPage?: boolean }} options
 * @param {Transferable[]} [transfer] what the description gives away
 * @returns {Promise<types.Model>}
 */
export function loadThrough(link, described, { onProgress, onNote, signal, ...options }, transfer = []) {
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
    const call = link.call('load', [described, options], { signal, onChunk, transfer });
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
