/* A model's copy in the browser's storage while it is read or written. One tab writes at a time; other tabs read from
 * the network meanwhile. An error of the storage does not fail the load: the copy is given up with a note. */
import { cache } from './cache.js';
import { checksum } from './checksum.js';
import { BLOCK, Journal } from './journal.js';
import { hold, lockName, locksUsable } from './locks.js';
import { isStorageFull, opfs } from './opfs.js';

/**
 * @import { Head } from './journal.js'
 * @import { Store, StoreFile } from './store.js'
 *
 * What a file should be, as far as that is known.
 * @typedef {{ sha256?: string, version?: { size: number, etag: string } }} ExpectedVersion
 */

export const stores = [opfs, cache];

const LOCK_TIMEOUT = 1500; // ms: the worker of a page that was reloaded keeps its lock and handles for a while
const LOCK_INTERVAL = 50; // ms

/** @param {any} error */
const reasonOf = (error) => (isStorageFull(error) ? 'the storage is full' : error.message || error.name);

/** The copy of one file. */
export class StoredFile {
  /** @type {Journal | null} */
  journal = null;
  /** Why an existing copy is not used. @type {string | null} */
  remark = null;
  #model;
  #file;
  #open = false;
  #writing = false;

  /**
   * @param {StoredModel} model
   * @param {StoreFile} file
   */
  constructor(model, file) {
    this.#model = model;
    this.#file = file;
  }

  get complete() {
    return !!this.journal?.commit;
  }
  get usable() {
    return this.#open && this.#model.usable;
  }
  get writing() {
    return this.#writing && this.#model.usable;
  }
  /** Whether all blocks are stored. */
  get whole() {
    return this.usable && !!this.journal?.whole;
  }
  /** @param {number} block */
  has(block) {
    return this.usable && !!this.journal?.sums.has(block);
  }

  get #opened() {
    return /** @type {Journal} */ (this.journal);
  }

  /**
   * Reads the journal, if there is one of the expected version.
   * @param {ExpectedVersion} expected
   */
  async look({ sha256, version }) {
    const found = await this.#file.peek();
    this.journal = found && Journal.parse(found.text);
    if (!found || !this.journal) return;
    const { head, commit } = this.journal;
    if (found.bytes !== Infinity && found.bytes !== head.size) {
      this.remark = `the stored copy of ${head.name} has ${found.bytes} bytes instead of ${head.size}: downloading it again`;
      this.journal = null;
    } else if (version && (version.etag !== head.etag || (version.size && version.size !== head.size))) {
      this.remark = `${head.name} has changed on the server: downloading it again`;
      this.journal = null;
    } else if (sha256 && commit?.sha256 && commit.sha256 !== sha256) {
      this.journal = null;
    }
  }

  async openReading() {
    await this.#file.openReading();
    this.#open = true;
  }

  /**
   * Starts writing. Stored blocks are kept if they are of the same version.
   * @param {Head} head
   */
  async start(head) {
    const old = this.journal;
    const journal = old && old.head.size === head.size && old.head.etag === head.etag ? old : new Journal(head);
    journal.commit = null;
    this.journal = journal;
    await this.#model.guard(async () => {
      await this.#file.openWriting(journal.text, head.size);
      this.#open = this.#writing = true;
    });
  }

  /**
   * @param {number} block
   * @param {Uint8Array} bytes
   */
  async put(block, bytes) {
    await this.#model.guard(async () => {
      await this.#file.write(bytes, block * BLOCK);
      await this.#file.append(this.#opened.add(block, checksum(bytes)));
    });
  }

  /**
   * Reads a block. Returns false if it is damaged; has() is false for it afterwards.
   * @param {number} block
   * @param {Uint8Array} bytes as long as the block
   */
  async get(block, bytes) {
    while (this.#model.settling) await this.#model.settling;
    let intact = false;
    await this.#model.guard(async () => {
      intact =
        (await this.#file.read(bytes, block * BLOCK)) === bytes.length &&
        checksum(bytes) === this.#opened.sums.get(block);
    });
    if (!intact) this.#opened.sums.delete(block);
    return intact;
  }

  /**
   * Appends the commit record. Nothing is flushed to the disk: the checksums detect what a power failure destroyed.
   * @param {string} [sha256] of the file, if it was verified
   */
  async finish(sha256) {
    await this.#model.guard(async () => {
      await this.#file.append(this.#opened.finish(sha256 ?? null));
      this.#writing = false;
      await this.#model.settle();
    });
  }

  /** Reopens a damaged copy for writing. */
  async repair() {
    if (this.writing) return;
    this.close();
    if (await this.#model.lockForWriting()) await this.start(this.#opened.head);
  }

  /** Deletes the copy of the whole model. */
  drop() {
    return this.#model.drop();
  }

  closeHandles() {
    this.#file.close();
  }

  close() {
    this.closeHandles();
    this.#open = this.#writing = false;
  }
}

/** The copies of a model's files, and the lock on them. */
export class StoredModel {
  usable = true;
  /** While files are being reopened. @type {Promise<void> | null} */
  settling = null;
  #store;
  #key;
  /** @type {(() => Promise<void>) | null} */
  #release = null;
  /** @type {StoredFile[]} */
  #files = [];

  /**
   * Opens the copy. Resolves to undefined, after a note, if there is no storage or another tab is writing the copy.
   * @param {string} key
   * @param {ExpectedVersion[]} expected of each file
   * @param {(text: string) => void} note
   * @returns {Promise<StoredModel | undefined>}
   */
  static async open(key, expected, note) {
    if (!locksUsable()) return void note('this context has no storage: the model will not be stored');
    const store = stores.find((each) => each.writable());
    if (!store) return void note('this browser has no storage for files: the model will not be stored');
    const release = await hold(`${lockName(key)}:open`, 'exclusive', { wait: true });
    const model = new StoredModel(store, key, note);
    try {
      return (await model.#open(expected)) ? model : undefined;
    } catch (error) {
      await model.close();
      note(`the storage cannot be used (${reasonOf(error)}): the model will not be stored`);
    } finally {
      await release();
    }
  }

  /**
   * @param {Store} store
   * @param {string} key
   * @param {(text: string) => void} note
   */
  constructor(store, key, note) {
    this.#store = store;
    this.#key = key;
    this.note = note;
  }

  get files() {
    return this.#files;
  }
  get complete() {
    return this.#files.every((file) => file.complete);
  }

  /** @param {ExpectedVersion[]} expected */
  async #open(expected) {
    const deadline = performance.now() + LOCK_TIMEOUT;
    while (!(await this.#lock(expected))) {
      if (performance.now() > deadline) {
        this.note('another tab is storing this model: this tab downloads it too and stores nothing');
        return false;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, LOCK_INTERVAL);
      });
    }
    for (const { remark } of this.#files) if (remark) this.note(remark);
    if (!this.#files.length) this.#files = await this.#filesOf(expected.length, true);
    for (const file of this.#files) if (file.complete) await file.openReading();
    await this.#store.touch(this.#key).catch(() => {}); // another tab may be doing the same
    return true;
  }

  /**
   * @param {number} count
   * @param {boolean} create
   */
  async #filesOf(count, create) {
    return (await this.#store.files(this.#key, count, create)).map((file) => new StoredFile(this, file));
  }

  /**
   * Takes a shared lock if the model is complete, and an exclusive one otherwise. Journals are read under a lock,
   * because they do not change then. Returns false if another tab has the lock.
   * @param {ExpectedVersion[]} expected
   */
  async #lock(expected) {
    this.#release = await hold(lockName(this.#key), 'shared');
    if (!this.#release) return false;
    this.#files = await this.#filesOf(expected.length, false);
    for (const [i, file] of this.#files.entries()) await file.look(expected[i]);
    if (this.#files.length && this.complete) return true;
    return this.#relock('exclusive');
  }

  /**
   * Replaces the lock. Returns whether that succeeded.
   * @param {LockMode} mode
   */
  async #relock(mode) {
    await this.#release?.();
    this.#release = await hold(lockName(this.#key), mode);
    return !!this.#release;
  }

  /**
   * Runs `work`; gives the copy up if it fails.
   * @param {() => Promise<void>} work
   */
  async guard(work) {
    if (!this.usable) return;
    try {
      await work();
    } catch (error) {
      if (!this.usable) return; // it was closed meanwhile
      this.note(`the model is not stored in this browser: ${reasonOf(error)}`);
      if (isStorageFull(error)) await this.drop();
      else await this.close();
    }
  }

  /** When all files are complete, lets other tabs read them too. */
  async settle() {
    if (!this.complete) return;
    this.settling = (async () => {
      for (const file of this.#files) file.closeHandles();
      if (!(await this.#relock('shared'))) await this.close();
      else for (const file of this.#files) await file.openReading();
    })().finally(() => {
      this.settling = null;
    });
    await this.settling;
  }

  /** Returns whether the copy can be written now. */
  async lockForWriting() {
    if (!(await this.#relock('exclusive'))) {
      this.note('another tab is using the damaged copy: this tab downloads the model');
      await this.close();
    }
    return this.usable;
  }

  /** Deletes the copy. */
  async drop() {
    this.usable = false;
    for (const file of this.#files) file.close();
    await this.#store.remove(this.#key).catch(() => {});
    await this.close();
  }

  async close() {
    this.usable = false;
    for (const file of this.#files) file.close();
    const release = this.#release;
    this.#release = null;
    await release?.();
  }
}
