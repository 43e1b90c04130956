/* Sessions that are kept in the browser's storage under names. A file is the engine's saved form and, last, what is known of
 * it in JSON with its length and checksum: one that was torn has none, and is no session. */
import { checksum } from './checksum.js';
import { hold, locksUsable } from './locks.js';
import { isNoRoom, openHandle, opfs } from './opfs.js';
import { Sha256 } from './sha256.js';

const FOLDER = 'quern-sessions'; // of the file system, or the name of the cache
const VERSION = 1;
const PIECE = 1 << 20;
const END = 8; // bytes: the record's length and its checksum

export class SessionError extends Error {
  constructor(text, code) {
    super(text);
    this.name = 'SessionError';
    this.code = code;
  }
}

const keyOf = (name) => new Sha256().update(new TextEncoder().encode(name)).hex().slice(0, 32);
const address = (key) => `https://quern.invalid/${key}`;

async function folder(create) {
  try {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create });
  } catch (error) {
    if (error.name === 'NotFoundError') return null;
    throw error;
  }
}

/* Where sessions are: each store writes parts in order, gives what is there as a Blob, lists and removes. */
const files = {
  writable: () => opfs.writable(),
  present: () => opfs.present(),

  async write(key, parts) {
    const handle = await openHandle(await folder(true), key);
    try {
      handle.truncate(0);
      let at = 0;
      for (const part of parts()) {
        if (handle.write(part, { at }) < part.length)
          throw Object.assign(new Error('not all bytes were written'), { name: 'QuotaExceededError' });
        at += part.length;
      }
    } finally {
      handle.close();
    }
  },

  async blob(key) {
    try {
      return await (await (await folder())?.getFileHandle(key))?.getFile();
    } catch (error) {
      if (error.name === 'NotFoundError') return undefined;
      throw error;
    }
  },

  async keys() {
    const keys = [];
    for await (const key of (await folder())?.keys() ?? []) keys.push(key);
    return keys;
  },

  async remove(key) {
    await (await folder())?.removeEntry(key).catch((error) => {
      if (error.name !== 'NotFoundError') throw error;
    });
  },
};

const cache = {
  writable: () => cache.present(),
  present: () => !!globalThis.caches && !!globalThis.isSecureContext,
  write: async (key, parts) => (await caches.open(FOLDER)).put(address(key), new Response(new Blob([...parts()]))),
  blob: async (key) => (await (await caches.open(FOLDER)).match(address(key)))?.blob(),
  keys: async () => (await (await caches.open(FOLDER)).keys()).map(({ url }) => new URL(url).pathname.slice(1)),
  remove: async (key) => {
    await (await caches.open(FOLDER)).delete(address(key));
  },
};

const present = () => [files, cache].filter((store) => store.present());

async function locked(name, work) {
  const release = await hold(`quern-session:${keyOf(name)}`, 'exclusive', { wait: true });
  try {
    return await work(keyOf(name));
  } finally {
    await release();
  }
}

function usable() {
  const store = locksUsable() && [files, cache].find((each) => each.writable());
  if (!store)
    throw new SessionError(
      'this context has no storage for sessions: save() and restore() give and take their bytes',
      'no_storage',
    );
  return store;
}

/* What is known of a session, {record, bytes}; null when its file is not whole. */
async function recordOf(blob) {
  if (blob.size < END) return null;
  const [length, sum] = new Uint32Array(await blob.slice(-END).arrayBuffer());
  if (length > blob.size - END) return null;
  const text = new Uint8Array(await blob.slice(blob.size - END - length, blob.size - END).arrayBuffer());
  if (checksum(text) !== sum) return null;
  const record = JSON.parse(new TextDecoder().decode(text));
  return record.version === VERSION ? { record, bytes: blob.size - END - length } : null;
}

/**
 * Keeps a session in place of the one of that name.
 * @param {string} name
 * @param {() => Iterable<Uint8Array>} save gives the saved form in pieces, all in one turn
 * @param {{model: string, tokens: number, ids?: number[]}} about
 */
export async function keepSession(name, save, about) {
  const store = usable();
  function* parts() {
    const sums = [];
    for (const piece of save()) {
      sums.push(checksum(piece));
      yield piece;
    }
    const record = { version: VERSION, name, ...about, date: new Date().toISOString(), sums };
    const text = new TextEncoder().encode(JSON.stringify(record));
    yield text;
    yield new Uint8Array(Uint32Array.of(text.length, checksum(text)).buffer);
  }
  await locked(name, async (key) => {
    try {
      await store.write(key, parts);
    } catch (error) {
      await store.remove(key).catch(() => {});
      if (!isNoRoom(error)) throw error;
      throw new SessionError(`there is not enough room to keep the session ${JSON.stringify(name)}`, 'no_room');
    }
  });
}

/**
 * Gives restore() the pieces of a session's saved form, and what was kept about it, which is also returned.
 * @param {string} name
 * @param {(pieces: AsyncIterable<Uint8Array>, about: {model: string, tokens: number, ids?: number[]}) => Promise<void>} restore
 */
export async function resumeSession(name, restore) {
  const store = usable();
  const said = JSON.stringify(name);
  return locked(name, async (key) => {
    const blob = await store.blob(key);
    if (!blob) throw new SessionError(`no session ${said} is kept`, 'not_found');
    const found = await recordOf(blob);
    const damaged = () => new SessionError(`the session ${said} is damaged, or was not kept to its end`, 'damaged');
    if (!found || found.record.sums.length !== Math.ceil(found.bytes / PIECE)) throw damaged();
    const { record, bytes } = found;
    async function* pieces() {
      for (const [i, sum] of record.sums.entries()) {
        const piece = new Uint8Array(await blob.slice(i * PIECE, Math.min((i + 1) * PIECE, bytes)).arrayBuffer());
        if (checksum(piece) !== sum) throw damaged();
        yield piece;
      }
    }
    try {
      await restore(pieces(), record);
    } catch (error) {
      if (error.name !== 'QuernError') throw error;
      throw new SessionError(
        `the session ${said} of the model ${JSON.stringify(record.model)}: ${error.message}`,
        'refused',
      );
    }
    return record;
  });
}

/**
 * The sessions that are kept, the newest first.
 * @returns {Promise<{name: string, model: string, tokens: number, bytes: number, date: Date}[]>}
 */
export async function listSessions() {
  const sessions = [];
  for (const store of present()) {
    for (const key of await store.keys().catch(() => [])) {
      const found = await store
        .blob(key)
        .then((blob) => blob && recordOf(blob))
        .catch(() => null);
      if (!found) continue;
      const { name, model, tokens, date } = found.record;
      sessions.push({ name, model, tokens, bytes: found.bytes, date: new Date(date) });
    }
  }
  return sessions.sort((a, b) => b.date - a.date);
}

/**
 * Deletes a kept session; there need not be one.
 * @param {string} name
 */
export async function deleteSession(name) {
  const remove = async (key) => {
    for (const store of present()) await store.remove(key);
  };
  await (locksUsable() ? locked(name, remove) : remove(keyOf(name)));
}
