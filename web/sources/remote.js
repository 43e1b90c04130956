/* A file that comes from its stored copy, from the network, or from both, in blocks of 1 MiB. Blocks that came are held
 * in memory, a few dozen at most, until they have been read; then others are read into the same memory, since browsers are slow
 * to free what is dropped. */
import { BLOCK, blocksOf } from '../store/journal.js';
import { Sha256 } from '../store/sha256.js';
import { Download, GivenAnswer } from './download.js';
import { SourceError } from './request.js';

const RUN = 8; // blocks of one range request, fewer near the end: what comes last then comes one after another
const CONNECTIONS = 4;
const CONNECTIONS_MOST = 6; // when something else is asked for than was expected; HTTP/1.1 has no more for a host
const AHEAD = 32; // blocks
const HELD = 40; // blocks
const PASSED = 4; // blocks that were read and are not stored, in case that they are wanted once more

export class RemoteFile {
  name;
  #url;
  #copy; // a StoredFile, or null
  #parts;
  #sha256;
  #hash = null;
  #hashed = 0; // blocks
  #hashedAs = null;
  #note;
  #progress;
  #stop = new AbortController();
  #download;
  #size = 0;
  #held = new Map(); // block → bytes
  #storing = new Set(); // blocks that are being written
  #spare = []; // bytes of whole blocks that are not held any more
  #old = new Set(); // blocks that were stored before
  #seen = new Set(); // blocks that came, or were read
  #touched = new Set(); // blocks that were read
  #order = null; // blocks in the order in which they are expected to be asked for; null: ascending
  #rank = null; // its inverse
  #next = 0; // the rank of the block asked for last
  #waiting = [];
  #failure = null;
  #finishing = null;
  #started = false;

  /* parts: how many files the model has. stream: instead of a URL, {stream, size}. */
  constructor({ url, name, copy, parts, sha256, headers, stream, note, progress }) {
    this.#url = url;
    this.name = name;
    this.#copy = copy ?? null;
    this.#parts = parts;
    this.#sha256 = sha256;
    this.#hash = sha256 ? new Sha256() : null;
    this.#note = note;
    this.#progress = progress;
    this.#stop.signal.addEventListener('abort', () => this.#wake());
    const given = stream && new GivenAnswer(stream.stream, stream.size ?? 0);
    this.#download = new Download(url, {
      headers,
      signal: this.#stop.signal,
      given,
      owner: {
        bytes: (length) => this.#bytes(length),
        arrived: (block, bytes) => this.#arrived(block, bytes),
        room: (block) => this.#room(block),
        ended: (error) => this.#ended(error),
      },
    });
  }

  get size() {
    return this.#size;
  }
  get stored() {
    return !!this.#copy?.complete;
  }
  get seekable() {
    return this.stored || this.#download.ranges;
  }

  /* How much of it is here. */
  get loaded() {
    const last = this.#size ? blocksOf(this.#size) - 1 : -1;
    return this.#seen.size * BLOCK - (this.#seen.has(last) ? (last + 1) * BLOCK - this.#size : 0);
  }

  #lengthOf(block) {
    return this.#size ? Math.min(BLOCK, this.#size - block * BLOCK) : BLOCK;
  }
  #rankOf(block) {
    return this.#rank?.[block] ?? block;
  }
  #blockAt(rank) {
    return this.#order?.[rank] ?? rank;
  }
  get #count() {
    return this.#size ? blocksOf(this.#size) : Infinity;
  }

  /* probe: only to know its size; there are other files to be read first. */
  async open(probe) {
    const journal = this.#copy?.journal;
    if (journal) for (const block of journal.sums.keys()) this.#old.add(block);
    if (this.stored || journal?.whole) {
      this.#size = journal.head.size;
      if (this.stored) return;
      await this.#copy.start(journal.head);
      if (this.#copy.whole) return void this.#finish();
    }
    if (!(await this.#download.connect(this.#firstRun(), journal?.head, probe))) {
      this.#note(`${this.name} has changed on the server: fetching it anew`);
      this.#old.clear();
      await this.#download.connect(this.#firstRun(), null, probe);
    }
    this.#size = this.#download.size;
    if (this.#copy && !this.#size) {
      this.#note('the server does not tell the size of the file: the model will not be kept');
      this.#copy = null;
    }
    const { size, etag } = this.#download;
    await this.#copy?.start({ url: this.#url, name: this.name, size, etag, parts: this.#parts });
    for (const block of this.#old) this.#seen.add(block);
    if (!probe) this.#start();
  }

  /* [first, end) of the first blocks that are not stored. */
  #firstRun() {
    let first = 0;
    while (this.#old.has(first)) first++;
    let end = first + 1;
    while (end - first < RUN && !this.#old.has(end)) end++;
    return [first, end];
  }

  #start() {
    if (this.#started) return;
    this.#started = true;
    this.#download.start();
    this.#fetchAhead();
  }

  /* Ranges [offset, length] in the order in which they will be read; the rest of the file comes after them. */
  expect(ranges) {
    if (!this.#size) return;
    const blocks = new Set();
    for (const [offset, length] of ranges) {
      for (let block = Math.floor(offset / BLOCK); block * BLOCK < Math.min(offset + length, this.#size); block++)
        blocks.add(block);
    }
    for (let block = 0; block < this.#count; block++) blocks.add(block);
    this.#order = Array.from(blocks);
    this.#rank = [];
    this.#order.forEach((block, rank) => {
      this.#rank[block] = rank;
    });
  }

  /* Fills `bytes`, or their beginning when what follows is not here yet. Returns how many; 0 at the end. */
  async read(bytes, offset) {
    let done = 0;
    const end = Math.min(offset + bytes.length, this.#size || Infinity);
    while (offset + done < end) {
      this.#stop.signal.throwIfAborted();
      const at = offset + done;
      const block = Math.floor(at / BLOCK);
      const length = this.#lengthOf(block);
      if (!this.#held.has(block) && this.#copy?.has(block) && at % BLOCK === 0 && end - at >= length) {
        if (!(await this.#copy.get(block, bytes.subarray(done, done + length)))) {
          await this.#damaged(block);
          continue;
        }
        this.#hashOn(block, bytes.subarray(done, done + length));
        this.#touch(block);
        done += length;
        continue;
      }
      if (done && !this.#held.has(block) && !this.#copy?.has(block)) break;
      const held = this.#held.get(block);
      if (!held) {
        if (await this.#comes(block)) continue;
        break;
      }
      const part = held.subarray(at - block * BLOCK, end - block * BLOCK);
      if (!part.length) break;
      bytes.set(part, done);
      this.#touch(block);
      done += part.length;
    }
    if (this.#hash && this.#touched.size === this.#count) await this.#finish();
    return done;
  }

  #touch(block) {
    this.#next = this.#rankOf(block);
    this.#touched.add(block);
    this.#saw(block);
    this.#letGo(block);
  }

  #saw(block) {
    if (this.#seen.has(block)) return;
    this.#seen.add(block);
    this.#progress();
  }

  /* Resolves to true when a block is held, which it is for this turn only; false after the end of a stream whose size was not
   * known. */
  async #comes(block) {
    for (;;) {
      this.#stop.signal.throwIfAborted();
      if (this.#held.has(block)) return true;
      if (this.#copy?.has(block)) {
        const bytes = this.#bytes(this.#lengthOf(block));
        if (!(await this.#copy.get(block, bytes))) {
          await this.#damaged(block);
          continue;
        }
        this.#hold(block, bytes);
        return true;
      }
      if (this.#failure) {
        const failure = this.#failure;
        this.#failure = null;
        throw failure;
      }
      if (this.#download.ended && block * BLOCK >= this.#download.size) return false;
      this.#ask(block);
      await new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  #wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /* Sees to it that a block comes. */
  #ask(block) {
    this.#next = this.#rankOf(block);
    this.#start();
    if (this.#download.ranges) {
      if (this.#missing(block) && this.#download.busy < CONNECTIONS_MOST) this.#fetch(this.#next);
      this.#fetchAhead();
    } else if (!this.#download.covers(block)) {
      throw new SourceError(
        `${this.#url}: byte ${block * BLOCK} has passed, the server gives no ranges, and nothing is stored: it cannot be read again`,
      );
    } else {
      this.#wake();
    }
  }

  #missing(block) {
    return !this.#held.has(block) && !this.#download.covers(block) && !this.#copy?.has(block);
  }

  #fetch(rank) {
    const first = this.#blockAt(rank);
    const most = Math.min(RUN, Math.floor((this.#count - this.#seen.size) / (2 * CONNECTIONS)));
    let end = first + 1;
    while (end - first < most && end < this.#count && this.#blockAt(rank + end - first) === end && this.#missing(end))
      end++;
    this.#download.fetch(first, end);
  }

  /* Keeps the connections busy with what will be asked for next and, near the end, with what was left out. */
  #fetchAhead() {
    if (!this.#download.ranges || this.#stop.signal.aborted) return;
    let ahead = 0;
    const wanted = (rank) => {
      if (this.#old.has(this.#blockAt(rank))) return;
      ahead++;
      if (this.#missing(this.#blockAt(rank))) this.#fetch(rank);
    };
    const more = () => ahead < AHEAD && this.#download.busy < CONNECTIONS;
    let rank = this.#next;
    for (; rank < this.#count && more(); rank++) wanted(rank);
    if (rank === this.#count && this.#copy?.writing) for (rank = 0; rank < this.#next && more(); rank++) wanted(rank);
  }

  async #room(block) {
    while (this.#rankOf(block) > this.#next + AHEAD && !this.#stop.signal.aborted) {
      await new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#stop.signal.throwIfAborted();
  }

  async #arrived(block, bytes) {
    this.#stop.signal.throwIfAborted();
    this.#hold(block, bytes);
    this.#saw(block);
    this.#wake();
    if (this.#copy?.writing && !this.#copy.has(block)) {
      this.#storing.add(block);
      await this.#copy.put(block, bytes);
      this.#storing.delete(block);
    }
    this.#finishWhole();
  }

  #bytes(length) {
    return (length === BLOCK && this.#spare.pop()) || new Uint8Array(length);
  }

  #hold(block, bytes) {
    this.#held.set(block, bytes);
    this.#hashHeld();
    while (this.#held.size > HELD && this.#drop(this.#leastWanted()));
  }

  #drop(block) {
    const bytes = this.#held.get(block);
    if (bytes?.length === BLOCK) this.#spare.push(bytes);
    return this.#held.delete(block);
  }

  #leastWanted() {
    let farthest = -1;
    for (const block of this.#held.keys()) {
      if (this.#storing.has(block)) continue;
      if (this.#rankOf(block) < this.#next || this.#copy?.has(block)) return block;
      if (farthest < 0 || this.#rankOf(block) > this.#rankOf(farthest)) farthest = block;
    }
    return farthest;
  }

  /* Of the blocks that were read before this one, those that can be read again or are unlikely to be. */
  #letGo(current) {
    const passed = [];
    for (const block of this.#held.keys()) {
      if (block === current || !this.#touched.has(block) || this.#storing.has(block)) continue;
      if (this.#copy?.has(block)) this.#drop(block);
      else if (this.#rankOf(block) < this.#next && !(this.#hash && block >= this.#hashed)) passed.push(block);
    }
    for (const block of passed.slice(0, -PASSED)) this.#drop(block);
  }

  #hashOn(block, bytes) {
    if (this.#hash && block === this.#hashed) {
      this.#hash.update(bytes);
      this.#hashed++;
    }
  }

  #hashHeld() {
    while (this.#hash && this.#held.has(this.#hashed)) this.#hashOn(this.#hashed, this.#held.get(this.#hashed));
  }

  #ended(error) {
    if (error && !this.#stop.signal.aborted) this.#failure = error;
    if (error?.changed) this.#copy?.drop();
    if (this.#download.ended) this.#size = this.#download.size;
    if (!error) this.#fetchAhead();
    this.#wake();
  }

  /* Bytes of the copy are not what was written: from here on they come from the network. */
  async #damaged(block) {
    const { head } = this.#copy.journal;
    this.#note(`the stored copy of ${this.name} is damaged at byte ${block * BLOCK}: fetching that part again`);
    this.#old.delete(block);
    this.#finishing = null;
    await this.#copy.repair();
    if (this.#download.size) return;
    if (await this.#download.connect([block, block + 1], head)) return;
    await this.#copy.drop();
    throw new SourceError(
      `${this.#url}: the stored copy is damaged, and the server has another version by now; load it again`,
    );
  }

  #finish() {
    this.#finishing ??= this.#verify().then(
      () => this.#copy?.writing && this.#copy.whole && this.#copy.finish(this.#sha256),
    );
    this.#finishing.catch(() => {});
    return this.#finishing;
  }

  #finishWhole() {
    if (this.#copy?.writing && this.#copy.whole) this.#finish();
  }

  async #verify() {
    if (!this.#hash || this.#copy?.journal?.commit?.sha256 === this.#sha256) return;
    while (this.#hashed < this.#count) {
      if (!this.#held.has(this.#hashed)) await this.#comes(this.#hashed);
      this.#hashHeld();
    }
    this.#hashedAs ??= this.#hash.hex();
    if (this.#hashedAs === this.#sha256) return;
    await this.#copy?.drop();
    throw new SourceError(`${this.#url}: its SHA-256 is ${this.#hashedAs}, not ${this.#sha256}: nothing of it is kept`);
  }

  /* When it was read to its end, what was left out is still fetched and verified. */
  async close() {
    const { signal } = this.#stop;
    try {
      while (
        !signal.aborted &&
        this.#touched.has(this.#count - 1) &&
        this.#copy?.writing &&
        !this.#copy.whole &&
        !this.#failure
      ) {
        this.#fetchAhead();
        await new Promise((resolve) => {
          this.#waiting.push(resolve);
        });
      }
      if (signal.aborted) return;
      this.#finishWhole(); // the last block's line in the journal may still be on its way
      await this.#finishing;
    } finally {
      this.abort(new SourceError(`${this.#url}: the source has been closed`));
    }
  }

  abort(reason) {
    this.#stop.abort(reason);
    this.#held.clear();
    this.#spare = [];
  }
}
