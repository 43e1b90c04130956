/* Sessions that are kept in the browser's storage under names. A file has the engine's saved session, then a record in
 * JSON, then the record's length and checksum. A file that was not written to its end has no valid record, and is
 * ignored. */
import { checksum } from './checksum.js';
import { hold, locksUsable, whyNoStorage } from './locks.js';
import { isStorageFull } from './opfs.js';
import { sessionStores } from './session-files.js';
import { Sha256 } from './sha256.js';

/**
 * @import { KeptSession } from '../index.js'
 *
 * What is kept about a session. ids: of the tokens of a chat.
 * @typedef {{ model: string, tokens: number, ids?: number[] }} About
 * sums: the checksums of the saved session's pieces.
 * @typedef {About & { version: number, name: string, date: string, sums: number[] }} SessionRecord
 */

const VERSION = 1;
const PIECE_BYTES = 1 << 20; // of the saved session
const END_BYTES = 8; // the record's length and checksum

/** Why a session was not kept or resumed. */
export class SessionError extends Error {
  /**
   * @param {string} message
   * @param {'no_storage' | 'no_room' | 'not_found' | 'damaged' | 'refused'} code
   */
  constructor(message, code) {
    super(message);
    this.name = 'SessionError';
    this.code = code;
  }
}

/** @param {string} name */
const keyOf = (name) => new Sha256().update(new TextEncoder().encode(name)).hex().slice(0, 32);

const present = () => sessionStores.filter((store) => store.present());

/**
 * Runs `work` while no other tab uses the session of that name.
 * @template T
 * @param {string} name
 * @param {(key: string) => Promise<T>} work
 */
async function locked(name, work) {
  const release = await hold(`quern-session:${keyOf(name)}`, 'exclusive', { wait: true });
  try {
    return await work(keyOf(name));
  } finally {
    await release();
  }
}

function writableStore() {
  const store = locksUsable() && sessionStores.find((each) => each.writable());
  if (!store)
    throw new SessionError(
      `${whyNoStorage()}: sessions cannot be kept. Use save() and restore() with storage of your own`,
      'no_storage',
    );
  return store;
}

/**
 * The record of a session's file and the length of the saved session; null if the file is not whole.
 * @param {Blob} blob
 * @returns {Promise<{ record: SessionRecord, bytes: number } | null>}
 */
async function recordOf(blob) {
  if (blob.size < END_BYTES) return null;
  const [length, sum] = new Uint32Array(await blob.slice(-END_BYTES).arrayBuffer());
  if (length > blob.size - END_BYTES) return null;
  const bytes = blob.size - END_BYTES - length;
  const text = new Uint8Array(await blob.slice(bytes, bytes + length).arrayBuffer());
  if (checksum(text) !== sum) return null;
  const record = JSON.parse(new TextDecoder().decode(text));
  return record.version === VERSION ? { record, bytes } : null;
}

/**
 * The pieces of a session's file.
 * @param {string} name
 * @param {Iterable<Uint8Array>} saved the saved session
 * @param {About} about
 * @returns {Generator<Uint8Array<ArrayBuffer>, void, undefined>}
 */
function* filePieces(name, saved, about) {
  const sums = [];
  for (const piece of saved) {
    sums.push(checksum(piece));
    yield/** @type {Uint8Array<ArrayBuffer>} */ (piece);
  }
  const record = { version: VERSION, name, ...about, date: new Date().toISOString(), sums };
  const text = new TextEncoder().encode(JSON.stringify(record));
  yield text;
  yield new Uint8Array(Uint32Array.of(text.length, checksum(text)).buffer);
}

/**
 * Keeps a session, in place of one of the same name.
 * @param {string} name
 * @param {() => Iterable<Uint8Array>} save gives the saved session in pieces of 1 MiB
 * @param {About} about
 */
export async function keepSession(name, save, about) {
  const store = writableStore();
  await locked(name, async (key) => {
    try {
      await store.write(key, () => filePieces(name, save(), about));
    } catch (error) {
      await store.remove(key).catch(() => {});
      if (!isStorageFull(error)) throw error;
      throw new SessionError(`the storage is too full to keep the session ${JSON.stringify(name)}`, 'no_room');
    }
  });
}

/**
 * Passes the pieces of a saved session, and its record, to `restore`. Returns the record.
 * @param {string} name
 * @param {(pieces: AsyncIterable<Uint8Array>, record: SessionRecord) => Promise<void>} restore
 */
export async function resumeSession(name, restore) {
  const store = writableStore();
  const quoted = JSON.stringify(name);
  const damaged = () => new SessionError(`the session ${quoted} is damaged, or was not kept completely`, 'damaged');
  return locked(name, async (key) => {
    const blob = await store.blob(key);
    if (!blob) throw new SessionError(`no session ${quoted} is kept`, 'not_found');
    const found = await recordOf(blob);
    if (!found || found.record.sums.length !== Math.ceil(found.bytes / PIECE_BYTES)) throw damaged();
    const { record, bytes } = found;
    async function* pieces() {
      for (const [i, sum] of record.sums.entries()) {
        const end = Math.min((i + 1) * PIECE_BYTES, bytes);
        const piece = new Uint8Array(await /** @type {Blob} */ (blob).slice(i * PIECE_BYTES, end).arrayBuffer());
        if (checksum(piece) !== sum) throw damaged();
        yield piece;
      }
    }
    try {
      await restore(pieces(), record);
    } catch (error) {
      if (error.name !== 'QuernError') throw error;
      const message = `the session ${quoted} of the model ${JSON.stringify(record.model)}: ${error.message}`;
      throw new SessionError(message, 'refused');
    }
    return record;
  });
}

export async function listSessions() {
  /** @type {KeptSession[]} */
  const sessions = [];
  for (const store of present()) {
    for (const key of await store.keys().catch(() => [])) {
      const blob = await store.blob(key).catch(() => undefined);
      const found = blob && (await recordOf(blob).catch(() => null));
      if (!found) continue;
      const { name, model, tokens, date } = found.record;
      sessions.push({ name, model, tokens, bytes: found.bytes, date: new Date(date) });
    }
  }
  return sessions.sort((a, b) => b.date.getTime() - a.date.getTime());
}

/** @param {string} name */
export async function deleteSession(name) {
  /** @param {string} key */
  const remove = async (key) => {
    for (const store of present()) await store.remove(key);
  };
  await (locksUsable() ? locked(name, remove) : remove(keyOf(name)));
}
