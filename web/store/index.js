/* What is stored of models in this browser: for a page's list of them, in a worker or in the page itself. */
import { stores } from './copy.js';
import { Journal } from './journal.js';
import { hold, lockName, locksUsable } from './locks.js';
import { Sha256 } from './sha256.js';

export { Sha256 };

/**
 * @typedef {object} StoredModelInfo
 * @property {string} key what deleteModel takes
 * @property {string} name the (first) file's name
 * @property {string} url where the (first) file came from
 * @property {number} size bytes of all files as far as they are known
 * @property {number} bytes how many of them are stored
 * @property {boolean} complete whether it can be loaded without the network
 * @property {string} etag the (first) file's ETag or date, as the server gave it; '' for none
 * @property {string|null} sha256 the (first) file's, when it was verified
 * @property {Date|null} used when it was opened last
 */

/* The name of a model's folder: the same for the same URLs in the same order. */
export function keyOf(urls) {
  return new Sha256()
    .update(new TextEncoder().encode(JSON.stringify(urls)))
    .hex()
    .slice(0, 32);
}

const present = () => stores.filter((store) => store.present());

async function journals(store, key) {
  const found = [];
  for (let parts = 1; found.length < parts; ) {
    const file = (await store.files(key, found.length + 1))[found.length];
    const journal = Journal.parse((await file?.peek())?.text ?? '');
    if (!journal) break;
    parts = journal.head.parts;
    found.push(journal);
  }
  return found;
}

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

/**
 * The models that are stored, whole or in part; the one that was used last comes first.
 * @returns {Promise<StoredModelInfo[]>}
 */
export async function listModels() {
  const models = [];
  for (const store of present()) {
    const keys = await store.keys().catch(() => []);
    for (const key of keys) models.push(await describe(store, key).catch(() => null));
  }
  return models.filter(Boolean).sort((a, b) => (b.used ?? 0) - (a.used ?? 0));
}

/**
 * Deletes a stored model. Rejects when a tab is using it.
 * @param {string} key
 */
export async function deleteModel(key) {
  const release = locksUsable() ? await hold(lockName(key), 'exclusive') : () => {};
  if (!release) throw new Error('the model is in use: close it, or the tab that has it open, first');
  try {
    for (const store of present()) await store.remove(key);
  } finally {
    await release();
  }
}

/**
 * Bytes that this origin takes and may take, and whether the browser promised not to evict them.
 * @returns {Promise<{usage: number, quota: number, persisted: boolean}>}
 */
export async function storageInfo() {
  const storage = globalThis.navigator?.storage;
  const { usage = 0, quota = 0 } = (await storage?.estimate?.()) ?? {};
  return { usage, quota, persisted: (await storage?.persisted?.()) ?? false };
}

/**
 * Asks the browser not to evict what is stored. Only a page can ask, not a worker; the answer is the browser's.
 * @returns {Promise<boolean>}
 */
export async function persist() {
  const storage = globalThis.navigator?.storage;
  return (await storage?.persist?.()) ?? (await storage?.persisted?.()) ?? false;
}
