/* Where kept sessions are stored: files in the origin private file system, or responses in the Cache API. */
import { cachesUsable } from './cache.js';
import { openHandle, opfs } from './opfs.js';

/**
 * @typedef {object} SessionStore
 * @property {() => boolean} writable whether sessions can be kept from here
 * @property {() => boolean} present whether sessions can be listed and deleted from here
 * @property {(key: string, pieces: () => Iterable<Uint8Array<ArrayBuffer>>) => Promise<void>} write
 * @property {(key: string) => Promise<Blob | undefined>} blob undefined if there is none
 * @property {() => Promise<string[]>} keys
 * @property {(key: string) => Promise<void>} remove
 */

const FOLDER = 'quern-sessions'; // also the name of the cache

/**
 * @param {boolean} [create]
 * @returns {Promise<FileSystemDirectoryHandle | null>}
 */
async function sessionFolder(create) {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create });
  } catch (error) {
    if (error.name === 'NotFoundError') return null;
    throw error;
  }
}

/** @type {SessionStore} */
const files = {
  writable: () => opfs.writable(),
  present: () => opfs.present(),

  async write(key, pieces) {
    const handle = await openHandle(/** @type {FileSystemDirectoryHandle} */ (await sessionFolder(true)), key);
    try {
      handle.truncate(0);
      let at = 0;
      for (const piece of pieces()) {
        if (handle.write(piece, { at }) < piece.length)
          throw Object.assign(new Error('not all bytes could be written'), { name: 'QuotaExceededError' });
        at += piece.length;
      }
    } finally {
      handle.close();
    }
  },

  async blob(key) {
    try {
      return await (await (await sessionFolder())?.getFileHandle(key))?.getFile();
    } catch (error) {
      if (error.name === 'NotFoundError') return undefined;
      throw error;
    }
  },

  async keys() {
    const keys = [];
    for await (const key of (await sessionFolder())?.keys() ?? []) keys.push(key);
    return keys;
  },

  async remove(key) {
    await (await sessionFolder())?.removeEntry(key).catch((error) => {
      if (error.name !== 'NotFoundError') throw error;
    });
  },
};

/** @param {string} key */
const address = (key) => `https://quern.invalid/${key}`;

/** @type {SessionStore} */
const cache = {
  writable: cachesUsable,
  present: cachesUsable,
  write: async (key, pieces) => (await caches.open(FOLDER)).put(address(key), new Response(new Blob([...pieces()]))),
  blob: async (key) => (await (await caches.open(FOLDER)).match(address(key)))?.blob(),
  keys: async () => (await (await caches.open(FOLDER)).keys()).map(({ url }) => new URL(url).pathname.slice(1)),
  remove: async (key) => {
    await (await caches.open(FOLDER)).delete(address(key));
  },
};

export const sessionStores = [files, cache];
