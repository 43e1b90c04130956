/* One file of a model in the Cache API, for browsers without a usable origin private file system: a response a block,
 * and one for the journal, which is written anew with each line. */

import { BLOCK } from './journal.js';

const CACHE = 'quern-models';

const address = (...names) => `https://quern.invalid/${names.join('/')}`;
const open = () => caches.open(CACHE);

class CacheFile {
  #key;
  #part;
  #cache = null;
  #text = '';
  #appended = Promise.resolve();

  constructor(key, part) {
    this.#key = key;
    this.#part = part;
  }

  #address(name) {
    return address(this.#key, this.#part, name);
  }

  async peek() {
    const journal = await (await open()).match(this.#address('journal'));
    return journal ? { text: await journal.text(), bytes: Infinity } : null;
  }

  async openReading() {
    this.#cache = await open();
  }

  async openWriting(text) {
    this.#cache = await open();
    this.#text = '';
    await this.append(text);
  }

  /* One after the other: of two at once the older could stay. */
  append(text) {
    this.#text += text;
    this.#appended = this.#appended.then(() => this.#cache?.put(this.#address('journal'), new Response(this.#text)));
    return this.#appended;
  }

  /* One whole block. */
  async write(bytes, at) {
    await this.#cache.put(this.#address(at / BLOCK), new Response(bytes));
  }

  /* Within one block. */
  async read(bytes, at) {
    const found = await this.#cache.match(this.#address(Math.floor(at / BLOCK)));
    if (!found) return 0;
    const got = new Uint8Array(await found.arrayBuffer()).subarray(at % BLOCK).subarray(0, bytes.length);
    bytes.set(got);
    return got.length;
  }

  close() {
    this.#cache = null;
  }
}

const requests = async () => ((await caches.has(CACHE)) ? (await open()).keys() : []);
const keyOf = (request) => new URL(request.url).pathname.split('/')[1];

export const cache = {
  writable: () => cache.present(),
  present: () => !!globalThis.caches && !!globalThis.isSecureContext,
  files: async (key, count) => Array.from({ length: count }, (_, part) => new CacheFile(key, part)),
  keys: async () => [...new Set((await requests()).map(keyOf))],

  async remove(key) {
    const store = await open();
    for (const request of await requests()) if (keyOf(request) === key) await store.delete(request);
  },

  async touch(key) {
    await (await open()).put(address(key, 'used'), new Response(new Date().toISOString()));
  },

  async used(key) {
    return (await (await open()).match(address(key, 'used')))?.text();
  },
};
