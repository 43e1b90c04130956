/* A model's copy in the browser's storage while it is read or written. One tab writes at a time; others read from the
 * network meanwhile. What the storage refuses is not an error of the load: the copy is given up with a note. */
import { cache } from './cache.js';
import { checksum } from './checksum.js';
import { BLOCK, Journal } from './journal.js';
import { hold, lockName, locksUsable } from './locks.js';
import { isNoRoom, opfs } from './opfs.js';

export const stores = [opfs, cache];

const PATIENCE = 1500; // ms: the worker of a page that was just reloaded lives on a little, with its lock and handles
const LOOK_AGAIN = 50; // ms

const said = (error) => (isNoRoom(error) ? 'there is not enough room for it' : error.message || error.name);

/* One file of the model. */
class StoredFile {
  journal = null;
  remark = null; // on what was found
  #model;
  #file;
  #open = false;
  #writing = false;

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
  get whole() {
    return this.usable && this.journal.whole;
  }
  has(block) {
    return this.usable && this.journal.sums.has(block);
  }

  /* Finds what there is. `sha256` and `version`, {size, etag}, are what the file should have, where that is known. */
  async look({ sha256, version }) {
    const found = await this.#file.peek();
    this.journal = found && Journal.parse(found.text);
    if (!this.journal) return;
    const { head, commit } = this.journal;
    if (found.bytes !== Infinity && found.bytes !== head.size) {
      this.remark = `the stored copy of ${head.name} has ${found.bytes} bytes instead of ${head.size}: fetching it again`;
      this.journal = null;
    } else if (version && (version.etag !== head.etag || (version.size && version.size !== head.size))) {
      this.remark = `${head.name} has changed on the server: fetching it anew`;
      this.journal = null;
    } else if (sha256 && commit?.sha256 && commit.sha256 !== sha256) {
      this.journal = null;
    }
  }

  async openReading() {
    await this.#file.openReading();
    this.#open = true;
  }

  /* Begins to write, or goes on when `head`, {url, name, size, etag, parts}, is of the version that there is. */
  async start(head) {
    const old = this.journal?.head;
    if (old?.size !== head.size || old.etag !== head.etag) this.journal = new Journal(head);
    this.journal.commit = null;
    await this.#model.guard(async () => {
      await this.#file.openWriting(this.journal.text, head.size);
      this.#open = this.#writing = true;
    });
  }

  async put(block, bytes) {
    await this.#model.guard(async () => {
      await this.#file.write(bytes, block * BLOCK);
      await this.#file.append(this.journal.add(block, checksum(bytes)));
    });
  }

  /* Fills `bytes`, as long as the block; false when they are not what was written, and from then on it is not there. */
  async get(block, bytes) {
    while (this.#model.settling) await this.#model.settling;
    let good = false;
    await this.#model.guard(async () => {
      good =
        (await this.#file.read(bytes, block * BLOCK)) === bytes.length &&
        checksum(bytes) === this.journal.sums.get(block);
    });
    if (!good) this.journal.sums.delete(block);
    return good;
  }

  /* Adds the commit record. Nothing is flushed to the disk for it: the checksums find what a power failure took. */
  async finish(sha256) {
    await this.#model.guard(async () => {
      await this.#file.append(this.journal.finish(sha256 ?? null));
      this.#writing = false;
      await this.#model.settle();
    });
  }

  /* A damaged copy becomes one that is being written. */
  async repair() {
    if (this.writing) return;
    this.close();
    if (await this.#model.lockForWriting()) await this.start(this.journal.head);
  }

  /* Nothing of the whole model is kept. */
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

export class StoredModel {
  usable = true;
  settling = null; // a promise while files are being opened anew
  #store;
  #key;
  #release = null;
  #files = [];

  /* checks: what look() takes, for each file. undefined, after a note, when there is no storage or another tab writes. */
  static async open(key, checks, note) {
    if (!locksUsable()) return void note('this context has no storage: the model will not be kept');
    const store = stores.find((each) => each.writable());
    if (!store) return void note('this browser has no storage for files: the model will not be kept');
    const free = await hold(`${lockName(key)}:open`, 'exclusive', { wait: true });
    const model = new StoredModel(store, key, note);
    try {
      return (await model.#open(checks)) ? model : undefined;
    } catch (error) {
      await model.close();
      note(`the storage cannot be used (${said(error)}): the model will not be kept`);
    } finally {
      await free();
    }
  }

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

  async #open(checks) {
    const deadline = performance.now() + PATIENCE;
    while (!(await this.#lock(checks))) {
      if (performance.now() > deadline) {
        this.note('another tab is storing this model: this one reads it from the network and stores nothing');
        return false;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, LOOK_AGAIN);
      });
    }
    for (const { remark } of this.#files) if (remark) this.note(remark);
    if (!this.#files.length) this.#files = await this.#filesOf(checks.length, true);
    for (const file of this.#files) if (file.complete) await file.openReading();
    await this.#store.touch(this.#key).catch(() => {}); // another tab may be at it
    return true;
  }

  async #filesOf(count, create) {
    return (await this.#store.files(this.#key, count, create)).map((file) => new StoredFile(this, file));
  }

  /* Complete models are shared, others written by one. Only under a lock is what there is to be seen at rest. */
  async #lock(checks) {
    this.#release = await hold(lockName(this.#key), 'shared');
    if (!this.#release) return false;
    this.#files = await this.#filesOf(checks.length, false);
    for (const [part, file] of this.#files.entries()) await file.look(checks[part]);
    if (this.#files.length && this.complete) return true;
    await this.#release();
    this.#release = await hold(lockName(this.#key), 'exclusive');
    return !!this.#release;
  }

  async guard(work) {
    if (!this.usable) return;
    try {
      await work();
    } catch (error) {
      if (!this.usable) return; // it was closed meanwhile
      this.note(`the model is not kept in this browser: ${said(error)}`);
      if (isNoRoom(error)) await this.drop();
      else await this.close();
    }
  }

  /* When all files are there, others may read them too. */
  async settle() {
    if (!this.complete) return;
    this.settling = (async () => {
      for (const file of this.#files) file.closeHandles();
      await this.#release();
      this.#release = await hold(lockName(this.#key), 'shared');
      if (!this.#release) await this.close();
      else for (const file of this.#files) await file.openReading();
    })().finally(() => {
      this.settling = null;
    });
    await this.settling;
  }

  /* true when the copy may be written from now on. */
  async lockForWriting() {
    await this.#release();
    this.#release = await hold(lockName(this.#key), 'exclusive');
    if (!this.#release) {
      this.note('another tab is using the damaged copy: this one reads the model from the network');
      await this.close();
    }
    return this.usable;
  }

  /* Nothing of the copy is kept. */
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
