/* Model files in the Cache API, for browsers without a usable origin private file system: one response for each block,
 * and one for the journal, which is rewritten with each line. */
import { BLOCK } from './journal.js';

/** @import { Store, StoreFile } from './store.js' */

const CACHE = 'quern-models';

/** @param {(string | number)[]} names */
const address = (...names) => `https://quern.invalid/${names.join('/')}`;
const open = () => caches.open(CACHE);

/** Whether there is a Cache API that can be used. In a sandboxed frame, even the test for it throws. */
export function cachesUsable() {
  try {
    return !!globalThis.caches && !!globalThis.isSecureContext;
  } catch {
    return false;
  }
}

/** @implements {StoreFile} */
class CacheFile {
  #key;
  #index;
  /** @type {Cache | null} */
  #cache = null;
  #text = '';
  /** @type {Promise<void>} */
  #appended = Promise.resolve();

  /**
   * @param {string} key
   * @param {number} index of the file in the model
   */
  constructor(key, index) {
    this.#key = key;
    this.#index = index;
  }

  /** @param {string | number} name */
  #address(name) {
    return address(this.#key, this.#index, name);
  }

  async peek() {
    const journal = await (await open()).match(this.#address('journal'));
    return journal ? { text: await journal.text(), bytes: Infinity } : null;
  }

  async openReading() {
    this.#cache = await open();
  }

  /** @param {string} text */
  async openWriting(text) {
    this.#cache = await open();
    this.#text = '';
    await this.append(text);
  }

  /**
   * Writes one journal after another: of two concurrent writes the older one could win.
   * @param {string} text
   */
  append(text) {
    this.#text += text;
    this.#appended = this.#appended.then(() => this.#opened.put(this.#address('journal'), new Response(this.#text)));
    return this.#appended;
  }

  get #opened() {
    return /** @type {Cache} */ (this.#cache);
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  async write(bytes, at) {
    const body = /** @type {Uint8Array<ArrayBuffer>} */ (bytes);
    await this.#opened.put(this.#address(at / BLOCK), new Response(body));
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  async read(bytes, at) {
    const found = await this.#opened.match(this.#address(Math.floor(at / BLOCK)));
    if (!found) return 0;
    const stored = new Uint8Array(await found.arrayBuffer()).subarray(at % BLOCK).subarray(0, bytes.length);
    bytes.set(stored);
    return stored.length;
  }

  close() {
    this.#cache = null;
  }
}

const requests = async () => ((await caches.has(CACHE)) ? (await open()).keys() : []);
/** @param {Request} request */
const keyOf = (request) => new URL(request.url).pathname.split('/')[1];

/** @type {Store} */
export const cache = {
  writable: cachesUsable,
  present: cachesUsable,
  files: async (key, count) => Array.from({ length: count }, (_, index) => new CacheFile(key, index)),
  keys: async () => [...new Set((await requests()).map(keyOf))],

  async remove(key) {
    const store = await open();
    const found = (await requests()).filter((request) => keyOf(request) === key);
    const isJournal = (/** @type {Request} */ { url }) => url.endsWith('/journal');
    for (const request of found) if (isJournal(request)) await store.delete(request);
    for (const request of found) await store.delete(request);
  },

  async touch(key) {
    await (await open()).put(address(key, 'used'), new Response(new Date().toISOString()));
  },

  async used(key) {
    return (await (await open()).match(address(key, 'used')))?.text();
  },
};
