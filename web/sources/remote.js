/* A file from the network, from its stored copy, or from both, in blocks of 1 MiB. Blocks that have arrived are held in
 * memory, a few dozen at most, until they are read. Their memory is then used for other blocks, because browsers are
 * slow to free it. */
import { checksum } from '../store/checksum.js';
import { BLOCK, blocksOf } from '../store/journal.js';
import { Sha256 } from '../store/sha256.js';
import { Download, GivenAnswer } from './download.js';
import { SourceError } from './error.js';

/**
 * @import { StoredFile } from '../store/copy.js'
 * @import { Head } from '../store/journal.js'
 * @import { SourceFile } from './index.js'
 *
 * @typedef {object} RemoteFileOptions
 * @property {string} url
 * @property {string} name
 * @property {string} [publicUrl] the URL that listModels() shows
 * @property {StoredFile} [copy]
 * @property {number} splits how many files the model has
 * @property {string} [sha256]
 * @property {Record<string, string>} [headers]
 * @property {{ stream: ReadableStream<Uint8Array>, size?: number }} [stream] read instead of the URL
 * @property {(text: string) => void} note
 * @property {() => void} progress
 */

const RUN = 8; // most blocks of a range request
const CONNECTIONS = 4;
const MAX_CONNECTIONS = 6; // if an unexpected block is needed; HTTP/1.1 allows no more for a host
const AHEAD = 32; // blocks to download before they are read
const MAX_HELD = 40; // blocks
const MAX_READ_HELD = 4; // blocks that were read and are not stored, in case they are read again

/** @implements {SourceFile} */
export class RemoteFile {
  name;
  #url;
  #publicUrl;
  /** @type {StoredFile | null} */
  #copy;
  #splits;
  #sha256;
  /** @type {Sha256 | null} */
  #hash = null;
  #hashed = 0; // blocks
  /** @type {string | null} */
  #digest = null;
  #note;
  #progress;
  #stop = new AbortController();
  #download;
  #size = 0; // 0: unknown
  /** Blocks in memory. @type {Map<number, Uint8Array>} */
  #held = new Map();
  /** Blocks that are being stored. @type {Set<number>} */
  #storing = new Set();
  /** Memory of whole blocks that are not held any more. @type {Uint8Array[]} */
  #spare = [];
  /** Blocks that were stored before. @type {Set<number>} */
  #old = new Set();
  /** Blocks that have arrived or been read. @type {Set<number>} */
  #seen = new Set();
  /** Blocks that have been read. @type {Set<number>} */
  #read = new Set();
  /** Blocks in the order in which they will be read; null: ascending. @type {number[] | null} */
  #order = null;
  /** The inverse of #order. @type {number[] | null} */
  #rank = null;
  #next = 0; // the rank of the block that was requested last
  /** @type {(() => void)[]} */
  #waiting = [];
  /** @type {unknown} */
  #failure = null;
  #started = false;

  /** @param {RemoteFileOptions} options */
  constructor({ url, publicUrl, name, copy, splits, sha256, headers, stream, note, progress }) {
    this.#url = url;
    this.#publicUrl = publicUrl ?? url;
    this.name = name;
    this.#copy = copy ?? null;
    this.#splits = splits;
    this.#sha256 = sha256;
    this.#hash = sha256 ? new Sha256() : null;
    this.#note = note;
    this.#progress = progress;
    this.#stop.signal.addEventListener('abort', () => this.#wake());
    this.#download = new Download(url, {
      headers,
      signal: this.#stop.signal,
      given: stream && new GivenAnswer(stream.stream, stream.size ?? 0),
      owner: {
        allocate: (length) => this.#allocate(length),
        arrived: (block, bytes) => this.#arrived(block, bytes),
        invalid: async (error) => this.#copy?.dropFor(error),
        samples: () => this.#samples(),
        note,
        canTake: (block) => this.#canTake(block),
        ended: (error) => this.#ended(error),
      },
    });
  }

  get size() {
    return this.#size;
  }
  get seekable() {
    return !!this.#copy?.complete || this.#download.ranges;
  }

  /** What may be wrong with the size; '' if nothing may. */
  get doubt() {
    const { ranges, mayHideEncoding } = this.#download;
    if (!this.#size || ranges || !mayHideEncoding) return '';
    return 'if the server compresses the transfer, this page sees only the size of the compressed file: send it uncompressed, or with Access-Control-Expose-Headers: Content-Encoding';
  }

  /** Bytes that have arrived. */
  get loaded() {
    const last = this.#size ? blocksOf(this.#size) - 1 : -1;
    return this.#seen.size * BLOCK - (this.#seen.has(last) ? (last + 1) * BLOCK - this.#size : 0);
  }

  /** @param {number} block */
  #lengthOf(block) {
    return this.#size ? Math.min(BLOCK, this.#size - block * BLOCK) : BLOCK;
  }
  /** @param {number} block */
  #rankOf(block) {
    return this.#rank?.[block] ?? block;
  }
  /** @param {number} rank */
  #blockAt(rank) {
    return this.#order?.[rank] ?? rank;
  }
  /** Blocks of the file. */
  get #count() {
    return this.#size ? blocksOf(this.#size) : Infinity;
  }

  /**
   * Finds out the size and version, and starts the download.
   * @param {boolean} probe only find out: other files will be read first
   */
  async open(probe) {
    const copy = this.#copy;
    const journal = copy?.journal;
    if (journal) for (const block of journal.sums.keys()) this.#old.add(block);
    if (copy && journal && copy.complete) {
      this.#size = journal.head.size;
      return;
    }
    if (journal?.whole && (await this.#isCurrent(journal.head))) {
      this.#size = journal.head.size;
      await copy?.start(journal.head);
      return;
    }
    if (journal?.whole || !(await this.#download.connect(this.#firstRun(), journal?.head, probe))) {
      this.#note(`${this.name} has changed on the server: downloading it again`);
      this.#old.clear();
      await this.#download.connect(this.#firstRun(), null, probe);
    }
    this.#size = this.#download.size;
    await this.#startCopy();
    for (const block of this.#old) this.#seen.add(block);
    if (!probe) this.#start();
  }

  /**
   * Whether the server still has the version that is stored, whose commit record is missing. True, after a note, if it
   * cannot be reached.
   * @param {Head} head
   */
  async #isCurrent(head) {
    try {
      return await this.#download.connect([0, 1], head, true);
    } catch (error) {
      if (error.status || this.#stop.signal.aborted) throw error;
      this.#note(
        `the server cannot be asked whether ${this.name} has changed (${error.message}): the stored bytes are used`,
      );
      return true;
    }
  }

  async #startCopy() {
    if (this.#copy && !this.#size) {
      const { encoding } = this.#download;
      const why = encoding && `, because it compresses the transfer (Content-Encoding: ${encoding})`;
      this.#note(`the server does not tell the size of the file${why}: the model will not be stored`);
      this.#copy = null;
    }
    const { size, etag } = this.#download;
    await this.#copy?.start({ url: this.#publicUrl, name: this.name, size, etag, parts: this.#splits });
  }

  /**
   * [first, end) of the first blocks that are not stored.
   * @returns {[number, number]}
   */
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

  /**
   * Announces the order in which ranges [offset, length] will be read. Other blocks follow.
   * @param {[number, number][]} ranges
   */
  expect(ranges) {
    if (!this.#size) return;
    /** @type {Set<number>} */
    const blocks = new Set();
    for (const [offset, length] of ranges) {
      for (let block = Math.floor(offset / BLOCK); block * BLOCK < Math.min(offset + length, this.#size); block++)
        blocks.add(block);
    }
    for (let block = 0; block < this.#count; block++) blocks.add(block);
    this.#order = Array.from(blocks);
    /** @type {number[]} */
    const rank = [];
    this.#order.forEach((block, i) => {
      rank[block] = i;
    });
    this.#rank = rank;
  }

  /**
   * Fills `bytes`, or the beginning of them if the others have not arrived. Returns how many it wrote; 0 at the end.
   * @param {Uint8Array} bytes
   * @param {number} offset
   */
  async read(bytes, offset) {
    let done = 0;
    const end = Math.min(offset + bytes.length, this.#size || Infinity);
    while (offset + done < end) {
      this.#stop.signal.throwIfAborted();
      const at = offset + done;
      const block = Math.floor(at / BLOCK);
      const target = bytes.subarray(done, end - offset);
      const held = this.#held.get(block);
      const stored = !held && this.#copy?.has(block);
      if (done && !held && !stored) break;
      if (stored && at % BLOCK === 0 && target.length >= this.#lengthOf(block)) {
        done += await this.#readStored(block, target);
      } else if (held) {
        const found = held.subarray(at - block * BLOCK, end - block * BLOCK);
        if (!found.length) break;
        bytes.set(found, done);
        this.#markRead(block);
        done += found.length;
      } else if (!(await this.#hasArrived(block))) {
        break;
      }
    }
    if (this.#hash && this.#read.size === this.#count) await this.#verify();
    return done;
  }

  /**
   * Reads a whole block from the stored copy into `target`. Returns its length, or 0 if it was damaged.
   * @param {number} block
   * @param {Uint8Array} target
   */
  async #readStored(block, target) {
    const bytes = target.subarray(0, this.#lengthOf(block));
    if (!(await this.#copy?.get(block, bytes))) {
      await this.#repair(block);
      return 0;
    }
    this.#hashNext(block, bytes);
    this.#markRead(block);
    return bytes.length;
  }

  /** @param {number} block */
  #markRead(block) {
    this.#next = this.#rankOf(block);
    this.#read.add(block);
    this.#saw(block);
    this.#dropRead(block);
  }

  /** @param {number} block */
  #saw(block) {
    if (this.#seen.has(block)) return;
    this.#seen.add(block);
    this.#progress();
  }

  /**
   * Resolves to true when a block is held (use it before the next await), to false after the end of a stream of unknown
   * size.
   * @param {number} block
   */
  async #hasArrived(block) {
    for (;;) {
      this.#stop.signal.throwIfAborted();
      if (this.#held.has(block)) return true;
      if (this.#copy?.has(block)) {
        const bytes = this.#allocate(this.#lengthOf(block));
        if (!(await this.#copy.get(block, bytes))) {
          await this.#repair(block);
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
      this.#request(block);
      await this.#news();
    }
  }

  /** Resolves when something has changed. */
  #news() {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(undefined));
    });
  }

  #wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /**
   * Makes sure that a block will arrive.
   * @param {number} block
   */
  #request(block) {
    this.#next = this.#rankOf(block);
    this.#start();
    if (this.#download.ranges) {
      if (this.#missing(block) && this.#download.running < MAX_CONNECTIONS) this.#fetch(this.#next);
      this.#fetchAhead();
    } else if (!this.#download.covers(block)) {
      throw new SourceError(
        `${this.#url}: byte ${block * BLOCK} has passed, the server gives no ranges, and nothing is stored: it cannot be read again`,
      );
    } else {
      this.#wake();
    }
  }

  /** @param {number} block */
  #missing(block) {
    return !this.#held.has(block) && !this.#download.covers(block) && !this.#copy?.has(block);
  }

  /**
   * Requests a run of blocks. Runs are shorter near the end of the file, so that all connections stay busy until then.
   * @param {number} rank of the first one
   */
  #fetch(rank) {
    const first = this.#blockAt(rank);
    const most = Math.min(RUN, Math.floor((this.#count - this.#seen.size) / (2 * CONNECTIONS)));
    let end = first + 1;
    while (end - first < most && end < this.#count && this.#blockAt(rank + end - first) === end && this.#missing(end))
      end++;
    this.#download.fetch(first, end);
  }

  /** Keeps the connections busy with the blocks that will be read next, and at the end with those that were skipped. */
  #fetchAhead() {
    if (!this.#download.ranges || this.#stop.signal.aborted) return;
    let ahead = 0;
    /** @param {number} rank */
    const want = (rank) => {
      if (this.#old.has(this.#blockAt(rank))) return;
      ahead++;
      if (this.#missing(this.#blockAt(rank))) this.#fetch(rank);
    };
    const canFetch = () => ahead < AHEAD && this.#download.running < CONNECTIONS;
    let rank = this.#next;
    for (; rank < this.#count && canFetch(); rank++) want(rank);
    if (rank === this.#count && this.#copy?.writing) for (rank = 0; rank < this.#next && canFetch(); rank++) want(rank);
  }

  /**
   * Resolves when a stream may go on to a block.
   * @param {number} block
   */
  async #canTake(block) {
    while (this.#rankOf(block) > this.#next + AHEAD && !this.#stop.signal.aborted) await this.#news();
    this.#stop.signal.throwIfAborted();
  }

  /**
   * @param {number} block
   * @param {Uint8Array} bytes
   */
  async #arrived(block, bytes) {
    this.#stop.signal.throwIfAborted();
    this.#hold(block, bytes);
    this.#saw(block);
    this.#wake();
    if (this.#copy?.writing && !this.#copy.has(block)) {
      this.#storing.add(block);
      await this.#copy.put(block, bytes);
      this.#storing.delete(block);
      this.#wake();
    }
  }

  /** @param {number} length */
  #allocate(length) {
    return (length === BLOCK && this.#spare.pop()) || new Uint8Array(length);
  }

  /**
   * @param {number} block
   * @param {Uint8Array} bytes
   */
  #hold(block, bytes) {
    this.#held.set(block, bytes);
    this.#hashHeld();
    while (this.#held.size > MAX_HELD && this.#drop(this.#leastWanted()));
  }

  /** @param {number} block */
  #drop(block) {
    const bytes = this.#held.get(block);
    if (bytes?.length === BLOCK) this.#spare.push(bytes);
    return this.#held.delete(block);
  }

  /** A held block that was read or is stored, or else the one that will be read last; -1 if none can be dropped. */
  #leastWanted() {
    let farthest = -1;
    for (const block of this.#held.keys()) {
      if (this.#storing.has(block)) continue;
      if (this.#rankOf(block) < this.#next || this.#copy?.has(block)) return block;
      if (farthest < 0 || this.#rankOf(block) > this.#rankOf(farthest)) farthest = block;
    }
    return farthest;
  }

  /**
   * Drops held blocks that have been read and are stored, or are unlikely to be read again.
   * @param {number} current the block that was read last
   */
  #dropRead(current) {
    const passed = [];
    for (const block of this.#held.keys()) {
      if (block === current || !this.#read.has(block) || this.#storing.has(block)) continue;
      if (this.#copy?.has(block)) this.#drop(block);
      else if (this.#rankOf(block) < this.#next && !(this.#hash && block >= this.#hashed)) passed.push(block);
    }
    for (const block of passed.slice(0, -MAX_READ_HELD)) this.#drop(block);
  }

  /**
   * Hashes a block if it is the next one.
   * @param {number} block
   * @param {Uint8Array} bytes
   */
  #hashNext(block, bytes) {
    if (this.#hash && block === this.#hashed) {
      this.#hash.update(bytes);
      this.#hashed++;
    }
  }

  #hashHeld() {
    for (;;) {
      const bytes = this.#hash && this.#held.get(this.#hashed);
      if (!bytes) return;
      this.#hashNext(this.#hashed, bytes);
    }
  }

  /**
   * The first and the last block that are at hand, and their checksums.
   * @returns {[number, number][]}
   */
  #samples() {
    const sums = this.#copy?.journal?.sums;
    const known = [...(sums?.keys() ?? []), ...this.#held.keys()];
    if (!known.length) return [];
    const ends = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
    return ends.map((block) => [
      block,
      sums?.get(block) ?? checksum(/** @type {Uint8Array} */ (this.#held.get(block))),
    ]);
  }

  /** @param {any} error of a request; undefined if it succeeded */
  #ended(error) {
    if (error && !this.#stop.signal.aborted) this.#failure = error;
    if (this.#download.ended) this.#size = this.#download.size;
    if (!error) this.#fetchAhead();
    this.#wake();
  }

  /**
   * A stored block was damaged: downloads it, and what follows, again.
   * @param {number} block
   */
  async #repair(block) {
    const copy = /** @type {StoredFile} */ (this.#copy);
    const head = copy.journal?.head;
    this.#note(`the stored copy of ${this.name} is damaged at byte ${block * BLOCK}: downloading that block again`);
    this.#old.delete(block);
    await copy.repair();
    if (this.#download.size) return;
    if (await this.#download.connect([block, block + 1], head, false)) return;
    const error = new SourceError(
      `${this.#url}: the stored copy is damaged, and the server has another version now; load it again`,
    );
    await copy.dropFor(error);
    throw error;
  }

  async #verify() {
    if (!this.#hash || this.#copy?.journal?.commit?.sha256 === this.#sha256) return;
    while (this.#hashed < this.#count) {
      if (!this.#held.has(this.#hashed)) await this.#hasArrived(this.#hashed);
      this.#hashHeld();
    }
    this.#digest ??= this.#hash.hex();
    if (this.#digest === this.#sha256) return;
    const error = new SourceError(`${this.#url}: its SHA-256 is ${this.#digest}, not ${this.#sha256}`);
    if (!this.#copy || (await this.#copy.dropFor(error))) error.message += ': nothing of it is stored';
    throw error;
  }

  /** Downloads and stores the blocks that were skipped, verifies the file, and marks the stored copy as complete. */
  async finish() {
    const storesMore = () => this.#copy?.writing && !this.#copy.whole;
    if (this.#download.running) this.#next = this.#count - 1; // a stream goes on to its end
    while (!this.#failure && (storesMore() || this.#download.running)) {
      if (storesMore()) this.#start();
      if (storesMore()) this.#fetchAhead();
      this.#wake();
      await this.#news();
      this.#stop.signal.throwIfAborted();
    }
    await this.#verify();
    if (!this.#copy?.writing) return;
    if (this.#failure) this.#note(`${this.name} is not stored completely: ${this.#failure}`);
    else await this.#copy.finish(this.#sha256);
  }

  /** @param {unknown} reason */
  abort(reason) {
    this.#stop.abort(reason);
    this.#held.clear();
    this.#spare = [];
  }
}
