/* Model files in the origin private file system: N.data, which has the file's full length from the start, and
 * N.journal. Sync access handles exist in dedicated workers only. */

/** @import { Store, StoreFile } from './store.js' */

const FOLDER = 'quern';
const MAX_TRIES = 20;
const RETRY_DELAY = 50; // ms

/**
 * The folder of all models, or of one; null if it does not exist.
 * @param {string} [key]
 * @param {boolean} [create]
 */
async function opfsFolder(key, create = false) {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create });
    return key ? await folder.getDirectoryHandle(key, { create }) : folder;
  } catch (error) {
    if (!create && error.name === 'NotFoundError') return null;
    throw error;
  }
}

/**
 * A file; null if it does not exist.
 * @param {FileSystemDirectoryHandle | null} folder
 * @param {string} name
 */
async function fileIn(folder, name) {
  try {
    return folder && (await (await folder.getFileHandle(name)).getFile());
  } catch (error) {
    if (error.name === 'NotFoundError') return null;
    throw error;
  }
}

/**
 * Whether a file has a handle already. Safari has its own error for that.
 * @param {{ name: string }} error
 */
const isOpen = ({ name }) => name === 'NoModificationAllowedError' || name === 'InvalidStateError';

/**
 * Does something that fails while a file is open. Retries, because a worker that is ending may still have it open.
 * @template T
 * @param {() => Promise<T>} work
 */
async function whenClosed(work) {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isOpen(error) || tries === MAX_TRIES) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, RETRY_DELAY);
      });
    }
  }
}

/**
 * Opens a file for writing.
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} name
 */
export async function openHandle(folder, name) {
  const file = await folder.getFileHandle(name, { create: true });
  return whenClosed(() => file.createSyncAccessHandle());
}

/**
 * Whether a write failed because the storage is full. Firefox has its own error for that.
 * @param {{ name: string, message: string }} error
 */
export const isStorageFull = ({ name, message }) =>
  name === 'QuotaExceededError' || /NO_DEVICE_SPACE/.test(`${name} ${message}`);

/**
 * Opens a file for reading while others read it too: by a handle where the browser has shared ones or no other tab has
 * the file open, otherwise as a Blob, which is slower.
 * @param {FileSystemDirectoryHandle} folder
 * @param {string} name
 * @returns {Promise<OpenData>}
 */
async function openReading(folder, name) {
  try {
    return { handle: await (await folder.getFileHandle(name)).createSyncAccessHandle({ mode: 'read-only' }) };
  } catch (error) {
    if (!isOpen(error)) throw error;
    return { file: /** @type {File} */ (await fileIn(folder, name)) };
  }
}

/** @typedef {{ handle?: FileSystemSyncAccessHandle, file?: File }} OpenData one of them */

/** @implements {StoreFile} */
class OpfsFile {
  #folder;
  #name;
  /** @type {OpenData | null} */
  #data = null;
  /** @type {FileSystemSyncAccessHandle | null} */
  #journal = null;

  /**
   * @param {FileSystemDirectoryHandle} folder
   * @param {number} index of the file in the model
   */
  constructor(folder, index) {
    this.#folder = folder;
    this.#name = String(index);
  }

  /* Retries, because a File cannot be read if it was written to meanwhile. */
  async peek() {
    for (let tries = 1; ; tries++) {
      const journal = await fileIn(this.#folder, `${this.#name}.journal`);
      const data = journal && (await fileIn(this.#folder, `${this.#name}.data`));
      try {
        return data && { text: await journal.text(), bytes: data.size };
      } catch (error) {
        if (error.name !== 'NotReadableError' || tries === MAX_TRIES) throw error;
      }
    }
  }

  async openReading() {
    this.#data = await openReading(this.#folder, `${this.#name}.data`);
  }

  /**
   * Takes the space for the whole file at once, so that a quota that is too small is noticed now.
   * @param {string} text
   * @param {number} size
   */
  async openWriting(text, size) {
    this.#journal = await openHandle(this.#folder, `${this.#name}.journal`);
    const handle = await openHandle(this.#folder, `${this.#name}.data`);
    this.#data = { handle };
    this.#journal.truncate(0);
    this.append(text);
    if (handle.getSize() !== size) handle.truncate(size);
  }

  /** @param {string} text */
  append(text) {
    const bytes = new TextEncoder().encode(text);
    const journal = /** @type {FileSystemSyncAccessHandle} */ (this.#journal);
    if (journal.write(bytes, { at: journal.getSize() }) < bytes.length)
      throw new Error('the journal could not be written');
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  write(bytes, at) {
    const handle = /** @type {FileSystemSyncAccessHandle} */ (this.#data?.handle);
    if (handle.write(bytes, { at }) < bytes.length) throw new Error('not all bytes could be written');
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} at
   */
  async read(bytes, at) {
    const { handle, file } = /** @type {OpenData} */ (this.#data);
    if (handle) return handle.read(bytes, { at });
    const stored = new Uint8Array(await /** @type {File} */ (file).slice(at, at + bytes.length).arrayBuffer());
    bytes.set(stored);
    return stored.length;
  }

  close() {
    const handles = [this.#data?.handle, this.#journal];
    this.#data = this.#journal = null;
    for (const handle of handles) {
      try {
        handle?.close();
      } catch {
        /* The load does not need the storage. The checksums tell whether the bytes arrived there. */
      }
    }
  }
}

/** @type {Store} */
export const opfs = {
  writable: () => opfs.present() && typeof FileSystemSyncAccessHandle !== 'undefined',
  present: () => !!globalThis.navigator?.storage?.getDirectory && !!globalThis.isSecureContext,

  async files(key, count, create = false) {
    const folder = await opfsFolder(key, create);
    return folder ? Array.from({ length: count }, (_, index) => new OpfsFile(folder, index)) : [];
  },

  async keys() {
    const keys = [];
    const folder = await opfsFolder();
    if (folder) for await (const [name, handle] of folder.entries()) if (handle.kind === 'directory') keys.push(name);
    return keys;
  },

  async remove(key) {
    const folder = await opfsFolder(key);
    if (!folder) return;
    const names = [];
    for await (const name of folder.keys()) names.push(name);
    for (const name of names) if (name.endsWith('.journal')) await whenClosed(() => folder.removeEntry(name));
    const parent = await opfsFolder();
    await whenClosed(async () => parent?.removeEntry(key, { recursive: true }));
  },

  async touch(key) {
    const folder = /** @type {FileSystemDirectoryHandle} */ (await opfsFolder(key));
    const handle = await (await folder.getFileHandle('used', { create: true })).createSyncAccessHandle();
    try {
      handle.truncate(0);
      handle.write(new TextEncoder().encode(new Date().toISOString()));
    } finally {
      handle.close();
    }
  },

  async used(key) {
    return (await fileIn(await opfsFolder(key), 'used'))?.text();
  },
};
