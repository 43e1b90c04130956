/* A model's copy in the browser's storage while it is read or written. One tab writes at a time; other tabs read from
 * the network meanwhile. A copy counts once its commit record is written, after everything else has been stored and
 * verified. Until then, its blocks only save downloads. An error of the storage does not fail the load: the copy is
 * given up with a note. A copy that must not stay is another matter: drop() rejects if it cannot be deleted. */
import { cache } from './cache.js';
import { checksum } from './checksum.js';
import { BLOCK, Journal } from './journal.js';
import { hold, lockName, locksUsable, whyNoStorage } from './locks.js';
import { isStorageFull, opfs } from './opfs.js';
import { sameVersion } from './version.js';

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
    } else if (version?.size && version.size !== head.size) {
      this.remark = `${head.name} has changed on the server: downloading it again`;
      this.journal = null;
    } else if (version && !sameVersion(version.etag, head.etag)) {
      this.journal.commit = null; // the bytes will be compared with the server's
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
   * Appends the commit record when all blocks have been written. Nothing is flushed to the disk, which would take
   * 1.4 s for each GB just before the first token: the checksums detect what a power failure destroyed.
   * @param {string} [sha256] of the file, if it was verified
   */
  async finish(sha256) {
    await this.#model.idle();
    await this.#model.guard(async () => {
      await this.#file.append(this.#opened.finish(sha256 ?? null));
    });
  }

  /** Reopens a damaged copy for writing. */
  async repair() {
    if (this.writing) return;
    await this.#model.idle();
    this.close();
    if (await this.#model.lockForWriting()) await this.start(this.#opened.head);
  }

  /**
   * Deletes the copy of the whole model. Returns whether that succeeded; if not, the error's message says so too.
   * @param {Error} error why it is deleted
   */
  dropFor(error) {
    return this.#model.dropFor(error);
  }

  close() {
    this.#file.close();
    this.#open = this.#writing = false;
  }
}

/** The copies of a model's files, and the lock on them. */
export class StoredModel {
  usable = true;
  #store;
  #key;
  /** @type {(() => Promise<void>) | null} */
  #release = null;
  #exclusive = false; // the lock
  /** @type {StoredFile[]} */
  #files = [];
  /** Running operations on the files. @type {Set<Promise<void>>} */
  #running = new Set();
  /** @type {Promise<void> | null} */
  #dropped = null;

  /**
   * Opens the copy. Resolves to undefined, after a note, if there is no storage or another tab is writing the copy.
   * @param {string} key
   * @param {ExpectedVersion[]} expected of each file
   * @param {(text: string) => void} note
   * @returns {Promise<StoredModel | undefined>}
   */
  static async open(key, expected, note) {
    if (!locksUsable()) return void note(`${whyNoStorage()}: the model will not be stored`);
    const store = stores.find((each) => each.writable());
    if (!store) return void note('this browser has no storage for files: the model will not be stored');
    const model = new StoredModel(store, key, note);
    let release = async () => {};
    try {
      release = await hold(`${lockName(key)}:open`, 'exclusive', { wait: true });
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
    if (!(await this.#relock('shared'))) return false;
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
    this.#exclusive = mode === 'exclusive';
    return !!this.#release;
  }

  /**
   * Runs `work`; gives the copy up if it fails.
   * @param {() => Promise<void>} work
   */
  async guard(work) {
    if (!this.usable) return;
    const running = work().finally(() => this.#running.delete(running));
    this.#running.add(running);
    try {
      await running;
    } catch (error) {
      if (!this.usable) return; // it was closed meanwhile
      this.note(`the model is not stored in this browser: ${reasonOf(error)}`);
      if (isStorageFull(error)) await this.drop().catch(({ message }) => this.note(message));
      else await this.close();
    }
  }

  /** Resolves when no operation is running. */
  async idle() {
    while (this.#running.size) await Promise.allSettled(this.#running);
  }

  /** Returns whether the copy can be written now. */
  async lockForWriting() {
    if (!(await this.#relock('exclusive'))) {
      this.note('another tab is using the damaged copy: this tab downloads the model');
      await this.close();
    }
    return this.usable;
  }

  /**
   * Deletes the copy when running operations have ended. Rejects if it cannot be deleted. Its journals are deleted
   * first: what may be left of it does not count.
   */
  drop() {
    this.#dropped ??= this.#drop();
    return this.#dropped;
  }

  /**
   * Deletes the copy. Returns whether that succeeded; if not, the error's message says so too.
   * @param {Error} error why it is deleted
   */
  dropFor(error) {
    return this.drop().then(
      () => true,
      ({ message }) => {
        error.message += `; ${message}`;
        return false;
      },
    );
  }

  async #drop() {
    await this.#closeFiles();
    try {
      if (!this.#release) return; // it was given up, or another tab has it
      if (!this.#exclusive && !(await this.#relock('exclusive'))) throw new Error('another tab is using it');
      await this.#store.remove(this.#key);
    } catch (error) {
      throw new Error(`the stored copy ${this.#key} could not be deleted: ${reasonOf(error)}`);
    } finally {
      await this.#unlock();
    }
  }

  /** Closes the copy. What is stored stays. */
  async close() {
    await this.#closeFiles();
    await this.#dropped?.catch(() => {}); // drop()'s caller gets the error
    await this.#unlock();
  }

  /** Closes the files when running operations have ended: one that went on would open files again. */
  async #closeFiles() {
    this.usable = false;
    await this.idle();
    for (const file of this.#files) file.close();
  }

  async #unlock() {
    const release = this.#release;
    this.#release = null;
    await release?.();
  }
}
