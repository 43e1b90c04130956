/* Lists and deletes the models that this browser stores. It works in a worker and in the page. index.d.ts documents
 * it. */
import { stores } from './copy.js';
import { Journal } from './journal.js';
import { hold, lockName, locksUsable } from './locks.js';
import { Sha256 } from './sha256.js';

/**
 * @import { StoredModelInfo } from '../index.js'
 * @import { Store } from './store.js'
 */

export { Sha256 };

/**
 * The name of a model's folder: the same for the same URLs in the same order, or for the same key.
 * @param {string[]} urls
 * @param {string} [key] given by the caller
 */
export function keyOf(urls, key) {
  return new Sha256()
    .update(new TextEncoder().encode(JSON.stringify(key === undefined ? urls : { key })))
    .hex()
    .slice(0, 32);
}

const present = () => stores.filter((store) => store.present());

/**
 * The journals of a model's files, up to the first that is missing.
 * @param {Store} store
 * @param {string} key
 */
async function journals(store, key) {
  const found = [];
  for (let count = 1; found.length < count; ) {
    const file = (await store.files(key, found.length + 1))[found.length];
    const journal = Journal.parse((await file?.peek())?.text ?? '');
    if (!journal) break;
    count = journal.head.parts;
    found.push(journal);
  }
  return found;
}

/**
 * @param {Store} store
 * @param {string} key
 * @returns {Promise<StoredModelInfo | null>}
 */
async function describe(store, key) {
  const found = await journals(store, key);
  if (!found.length) return null;
  const { head, commit } = found[0];
  const used = new Date((await store.used(key)) ?? NaN);
  return {
    key,
    name: head.name,
    url: head.url,
    etag: head.etag,
    sha256: commit?.sha256 ?? null,
    size: found.reduce((sum, journal) => sum + journal.head.size, 0),
    bytes: found.reduce((sum, journal) => sum + journal.storedBytes, 0),
    complete: found.length === head.parts && found.every((journal) => journal.commit),
    used: Number.isNaN(used.getTime()) ? null : used,
  };
}

/** @param {StoredModelInfo} model */
const lastUse = ({ used }) => used?.getTime() ?? 0;

export async function listModels() {
  const models = [];
  for (const store of present()) {
    const keys = await store.keys().catch(() => []);
    for (const key of keys) models.push(await describe(store, key).catch(() => null));
  }
  return models.filter((model) => model !== null).sort((a, b) => lastUse(b) - lastUse(a));
}

/** @param {string} key */
export async function deleteModel(key) {
  const release = locksUsable() ? await hold(lockName(key), 'exclusive') : async () => {};
  if (!release) throw new Error('the model is in use: free it, or close the tab that uses it, first');
  try {
    for (const store of present()) await store.remove(key);
  } finally {
    await release();
  }
}

export async function storageInfo() {
  const storage = globalThis.navigator?.storage;
  const { usage = 0, quota = 0 } = (await storage?.estimate?.()) ?? {};
  return { usage, quota, persisted: (await storage?.persisted?.()) ?? false };
}

export async function persist() {
  const storage = globalThis.navigator?.storage;
  return (await storage?.persist?.()) ?? (await storage?.persisted?.()) ?? false;
}
