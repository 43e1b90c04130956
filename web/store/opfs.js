/* One file of a model in the origin private file system: N.data, as long as the file from the start, and N.journal.
 * Sync access handles are for dedicated workers only. */

const FOLDER = 'quern';
const TRIES = 20;

/* The folder of all models, or of one; null when it is not there. */
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

async function fileIn(folder, name) {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (error.name === 'NotFoundError') return null;
    throw error;
  }
}

/* A worker that is ending may still have the file for a moment. */
export async function openHandle(folder, name) {
  const file = await folder.getFileHandle(name, { create: true });
  for (let tries = 1; ; tries++) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      if (error.name !== 'NoModificationAllowedError' || tries === TRIES) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
}

/* Whether a write failed for want of room: Firefox has an error of its own for a full quota. */
export const isNoRoom = ({ name, message }) =>
  name === 'QuotaExceededError' || /NO_DEVICE_SPACE/.test(`${name} ${message}`);

/* What a file can be read by while others read it too: a handle where the browser has shared ones or nobody has it,
 * and otherwise a Blob, which is slower. */
async function openReading(folder, name) {
  try {
    return { handle: await (await folder.getFileHandle(name)).createSyncAccessHandle({ mode: 'read-only' }) };
  } catch (error) {
    if (error.name !== 'NoModificationAllowedError') throw error;
    return { file: await fileIn(folder, name) };
  }
}

class OpfsFile {
  #folder;
  #name;
  #data = null; // {handle} or {file}
  #journal = null;

  constructor(folder, part) {
    this.#folder = folder;
    this.#name = String(part);
  }

  /* {text, bytes}: the journal, and the length of the data; null when there is nothing. A File that is written to
   * meanwhile cannot be read. */
  async peek() {
    for (let tries = 1; ; tries++) {
      const journal = await fileIn(this.#folder, `${this.#name}.journal`);
      const data = journal && (await fileIn(this.#folder, `${this.#name}.data`));
      try {
        return data && { text: await journal.text(), bytes: data.size };
      } catch (error) {
        if (error.name !== 'NotReadableError' || tries === TRIES) throw error;
      }
    }
  }

  async openReading() {
    this.#data = await openReading(this.#folder, `${this.#name}.data`);
  }

  /* Takes room for `size` bytes at once, so that a quota which is too small shows now. */
  async openWriting(text, size) {
    this.#journal = await openHandle(this.#folder, `${this.#name}.journal`);
    this.#data = { handle: await openHandle(this.#folder, `${this.#name}.data`) };
    this.#journal.truncate(0);
    this.append(text);
    if (this.#data.handle.getSize() !== size) this.#data.handle.truncate(size);
  }

  append(text) {
    const bytes = new TextEncoder().encode(text);
    if (this.#journal.write(bytes, { at: this.#journal.getSize() }) < bytes.length)
      throw new Error('the journal was not written');
  }

  write(bytes, at) {
    if (this.#data.handle.write(bytes, { at }) < bytes.length) throw new Error('not all bytes were written');
  }

  /* Fills `bytes` as far as the file goes and returns how many came. */
  async read(bytes, at) {
    const { handle, file } = this.#data;
    if (handle) return handle.read(bytes, { at });
    const got = new Uint8Array(await file.slice(at, at + bytes.length).arrayBuffer());
    bytes.set(got);
    return got.length;
  }

  close() {
    this.#data?.handle?.close();
    this.#journal?.close();
    this.#data = this.#journal = null;
  }
}

export const opfs = {
  /* Here a model can be written; models can be listed and deleted in any context that has the file system. */
  writable: () => opfs.present() && typeof FileSystemSyncAccessHandle !== 'undefined',
  present: () => !!globalThis.navigator?.storage?.getDirectory && !!globalThis.isSecureContext,

  /* The parts of a model; none when its folder is not there. */
  async files(key, count, create = false) {
    const folder = await opfsFolder(key, create);
    return folder ? Array.from({ length: count }, (_, part) => new OpfsFile(folder, part)) : [];
  },

  async keys() {
    const keys = [];
    const folder = await opfsFolder();
    if (folder) for await (const [name, handle] of folder.entries()) if (handle.kind === 'directory') keys.push(name);
    return keys;
  },

  async remove(key) {
    if (await opfsFolder(key)) await (await opfsFolder()).removeEntry(key, { recursive: true });
  },

  async touch(key) {
    const file = await (await opfsFolder(key)).getFileHandle('used', { create: true });
    const handle = await file.createSyncAccessHandle();
    try {
      handle.truncate(0);
      handle.write(new TextEncoder().encode(new Date().toISOString()));
    } finally {
      handle.close();
    }
  },

  async used(key) {
    const file = await fileIn(await opfsFolder(key), 'used');
    return file && file.text();
  },
};
