/* Downloads the blocks of one file: by several range requests at once, or as one stream if the server does not support
 * ranges. A request that breaks off is continued from the byte it reached. */
import { checksum } from '../store/checksum.js';
import { BLOCK, blocksOf } from '../store/journal.js';
import { sameVersion } from '../store/version.js';
import { bytesOf, classOf } from './bytes.js';
import { SourceError } from './error.js';
import { firstAnswer, patientAnswer, sizeOf } from './first.js';
import { Answer, Retries } from './request.js';

/**
 * A run of blocks that is being downloaded. at: the next byte. end: the block after the last. bytes: of the current
 * block.
 * @typedef {{ at: number, end: number, answer?: Answer | GivenAnswer | null, bytes?: Uint8Array | null }} Job
 *
 * What a download reports to.
 * @typedef {object} Owner
 * @property {(length: number) => Uint8Array} allocate bytes for a block
 * @property {(block: number, bytes: Uint8Array) => Promise<void>} arrived a block is complete
 * @property {(error: Error) => Promise<unknown>} invalid what is stored must not be kept; awaited before the error is
 *   reported
 * @property {() => [number, number][]} samples blocks that have arrived, and their checksums
 * @property {(text: string) => void} note
 * @property {(block: number) => Promise<void>} canTake resolves when a stream may go on to a block
 * @property {(error?: any) => void} ended a job has ended
 */

const SAMPLE_TRIES = 8; // requests for a block until the server with a given version answers

/** A ReadableStream in place of an HTTP answer. It can be read only once. */
export class GivenAnswer {
  partial = false;
  etag = '';
  encoding = '';
  mayHideEncoding = false;
  empty = false;
  range = null;
  #reader;

  /**
   * @param {ReadableStream<Uint8Array>} stream
   * @param {number} size in bytes; 0 if unknown
   */
  constructor(stream, size) {
    this.#reader = stream.getReader();
    this.length = size;
  }

  async *chunks() {
    for (;;) {
      const { done, value } = await this.#reader.read().catch((error) => {
        throw new SourceError(`the stream failed: ${error?.message ?? error}`);
      });
      if (done) return;
      const bytes = bytesOf(value);
      if (!bytes) throw new SourceError(`the stream must yield bytes, not a ${classOf(value)}`);
      yield bytes;
    }
  }

  end() {
    this.#reader.cancel().catch(() => {});
  }
}

export class Download {
  size = 0; // 0: unknown
  etag = '';
  ranges = false;
  encoding = ''; // of the transfer
  mayHideEncoding = false;
  ended = false; // the last byte of a stream has come
  /** Versions that servers of the URL have for the same file. @type {string[]} */
  #versions = [];
  #versionsTell = true; // false: each answer has a version of its own
  #url;
  #request;
  #owner;
  #given;
  /**
   * The answer to connect(), until a job takes it. @type {{ answer: Answer | GivenAnswer, first: number, end: number }
   * | null}
   */
  #connected = null;
  /** @type {Set<Job>} */
  #jobs = new Set();

  /**
   * @param {string} url
   * @param {{ headers?: Record<string, string>, signal: AbortSignal, given?: GivenAnswer, owner: Owner }} options
   */
  constructor(url, { headers, signal, given, owner }) {
    this.#url = url;
    this.#request = { headers, signal };
    this.#given = given;
    if (given) signal.addEventListener('abort', () => given.end());
    this.#owner = owner;
  }

  /** The number of running requests. */
  get running() {
    return this.#jobs.size;
  }

  /** @param {number} block */
  #lengthOf(block) {
    return this.size ? Math.min(BLOCK, this.size - block * BLOCK) : BLOCK;
  }

  /**
   * Whether a running request will bring a block.
   * @param {number} block
   */
  covers(block) {
    for (const { at, end } of this.#jobs) if (block >= Math.floor(at / BLOCK) && block < end) return true;
    return false;
  }

  /**
   * Learns the file's size and version and whether ranges are supported. Returns false if it is not the expected
   * version.
   * @param {[number, number]} blocks [first, end) to ask for; start() continues with them
   * @param {{ size: number, etag: string } | null | undefined} expected
   * @param {boolean} probe ask for one byte only; start() does not continue
   */
  async connect([first, end], expected, probe) {
    const answer = await this.#learn([first * BLOCK, probe ? first * BLOCK + 1 : end * BLOCK]);
    if (answer.empty) throw this.#empty();
    const same =
      !expected ||
      (expected.size === this.size &&
        (sameVersion(expected.etag, answer.etag) || (await this.#bringsSame(answer.etag))));
    if (expected && same) {
      this.etag = expected.etag;
      this.#versions.push(expected.etag);
    }
    if (same && !probe) this.#connected = { answer, first, end };
    else if (probe && answer instanceof Answer && this.ranges) await answer.bytes();
    else answer.end();
    return same;
  }

  /**
   * @param {[number, number]} range
   * @returns {Promise<Answer | GivenAnswer>} the answer to the first request that brings bytes
   */
  async #learn(range) {
    let answer = this.#given ?? (await firstAnswer(this.#url, range, this.#request, this.#owner.note));
    this.size = answer instanceof Answer ? await sizeOf(this.#url, answer, range, this.#request) : answer.length;
    if (answer.partial && !this.size) {
      answer.end();
      answer = await patientAnswer(this.#url, this.#request);
      this.size = answer.length;
    }
    this.ranges = answer.partial;
    this.etag = answer.etag;
    this.#versions = [answer.etag];
    this.encoding = answer.encoding;
    this.mayHideEncoding = answer.mayHideEncoding;
    return answer;
  }

  /** @param {string} version */
  #knows(version) {
    return !this.#versionsTell || this.#versions.some((known) => sameVersion(known, version));
  }

  /**
   * Whether the server's file of that version has the bytes that have arrived. The servers behind one address may have
   * different ETags and dates for the same file.
   * @param {string} version
   */
  async #bringsSame(version) {
    const samples = this.ranges ? this.#owner.samples() : [];
    for (const [block, sum] of samples) if ((await this.#checksumOf(block, version)) !== sum) return false;
    return samples.length > 0;
  }

  /**
   * The checksum of a block of that version; null if no server answers with it. If each answer has another version, as
   * some servers make them up, versions tell nothing: the bytes do.
   * @param {number} block
   * @param {string} version
   */
  async #checksumOf(block, version) {
    const start = block * BLOCK;
    const seen = new Map();
    for (let tries = 0; tries < SAMPLE_TRIES; tries++) {
      const answer = await Answer.get(this.#url, { ...this.#request, range: [start, start + this.#lengthOf(block)] });
      const sum = checksum(await answer.bytes());
      if (sameVersion(answer.etag, version)) return sum;
      seen.set(answer.etag, sum);
    }
    const sums = new Set(seen.values());
    if (seen.size < SAMPLE_TRIES || sums.size > 1) return null;
    this.#versionsTell = false;
    return [...sums][0];
  }

  /** Begins with the answer to connect(), if it was no probe. A stream begins in any case. */
  start() {
    const { answer, first = 0, end = 0 } = this.#connected ?? {};
    this.#connected = null;
    if (!this.ranges) this.#begin({ at: 0, end: this.size ? blocksOf(this.size) : Infinity, answer });
    else if (answer) this.#begin({ at: first * BLOCK, end: Math.min(end, blocksOf(this.size)), answer });
  }

  /**
   * Requests the blocks [first, end).
   * @param {number} first
   * @param {number} end
   */
  fetch(first, end) {
    this.#begin({ at: first * BLOCK, end });
  }

  /** @param {Job} job */
  #begin(job) {
    this.#jobs.add(job);
    /** @param {unknown} [error] */
    const done = (error) => {
      this.#jobs.delete(job);
      this.#owner.ended(error);
    };
    this.#run(job).then(() => done(), done);
  }

  /** @param {Job} job */
  async #run(job) {
    const retries = new Retries();
    for (;;) {
      try {
        return await this.#receive(job, retries);
      } catch (error) {
        await retries.after(error, this.#request.signal).catch(async (final) => {
          if (final?.invalid) await this.#owner.invalid(final);
          throw final;
        });
      }
    }
  }

  /**
   * Receives the blocks of a job by one request.
   * @param {Job} job
   * @param {Retries} retries
   */
  async #receive(job, retries) {
    const answer = job.answer ?? (await this.#requestRest(job));
    job.answer = null;
    const end = Math.min(job.end * BLOCK, this.size || Infinity);
    let skip = this.ranges ? 0 : job.at; // a stream starts from the beginning again
    const sent = answer.range ? answer.range.end - answer.range.start : answer.length;
    const sendsMore = this.ranges && sent > end - job.at; // than it was asked for
    for await (const chunk of answer.chunks()) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length) retries.progress();
      if (fresh.length > end - job.at && !sendsMore) throw this.#tooLong(end);
      await this.#take(job, fresh.subarray(0, end - job.at));
      if (sendsMore && job.at >= end) return; // otherwise the answer is read to its end, or else it would be canceled
    }
    if (job.at < end && this.size) {
      throw new SourceError(`${this.#url}: the connection ended at byte ${job.at} of ${this.size}`, {
        retry: !this.#given,
      });
    }
    if (this.ranges) return;
    if (!job.at) throw this.#empty();
    if (job.bytes) await this.#owner.arrived(Math.floor(job.at / BLOCK), job.bytes.slice(0, job.at % BLOCK));
    this.size = job.at;
    this.ended = true;
  }

  #empty() {
    return new SourceError(`${this.#url}: the file is empty`);
  }

  /** @param {number} end the byte at which an answer should have ended */
  #tooLong(end) {
    const message = this.#given
      ? `${this.#url}: it has more than the ${end} bytes that were announced`
      : `${this.#url}: the server sends more bytes than it announces, so it compresses the transfer (Content-Encoding) and hides that from this page; send the file uncompressed`;
    return new SourceError(message, { invalid: true });
  }

  /**
   * Requests the bytes of a job from where it is; rejects if the file has changed.
   * @param {Job} job
   */
  async #requestRest(job) {
    if (this.#given) throw new SourceError(`${this.#url}: it has been read`);
    const answer = await Answer.get(this.#url, {
      range: this.ranges ? [job.at, Math.min(job.end * BLOCK, this.size)] : undefined,
      ...this.#request,
    }).catch((error) => {
      throw error.status === 416 ? this.#changed() : error; // the file has become shorter
    });
    const isRange = answer.partial;
    const size = isRange ? (answer.range?.size ?? this.size) : answer.length;
    const start = answer.range?.start ?? (answer.fits ? job.at : 0);
    if (size === this.size && this.#knows(answer.etag) && !(isRange && answer.encoding)) {
      if (start === job.at || !this.ranges) return answer;
      answer.end();
      throw new SourceError(`${this.#url}: the server answered a range request with other bytes`, { retry: true });
    }
    answer.end();
    throw await this.#mismatch(answer, size);
  }

  /**
   * Why an answer is none that continues the download, or an error that lets it be requested again, if its version is
   * that of another server with the same file.
   * @param {Answer} answer
   * @param {number} size of the file
   */
  async #mismatch({ partial, encoding, etag }, size) {
    if (partial && encoding) {
      return new SourceError(
        `${this.#url}: the server compresses some ranges (Content-Encoding: ${encoding}); send the file uncompressed`,
        { retry: true },
      );
    }
    const unsure = size === this.size && this.ranges && !this.#owner.samples().length; // the answer may be that of
    const same = size === this.size && !unsure && (await this.#bringsSame(etag)); // another server
    if (same) this.#versions.push(etag);
    return this.#changed(unsure || same);
  }

  #changed(retry = false) {
    const message = `${this.#url}: the file changed on the server while it was being downloaded; load it again`;
    return new SourceError(message, { retry, invalid: true });
  }

  /**
   * Adds bytes to the job's current block, and hands complete blocks over.
   * @param {Job} job
   * @param {Uint8Array} bytes
   */
  async #take(job, bytes) {
    while (bytes.length) {
      const block = Math.floor(job.at / BLOCK);
      const start = block * BLOCK;
      if (!job.bytes) {
        if (!this.ranges) await this.#owner.canTake(block);
        job.bytes = this.#owner.allocate(this.#lengthOf(block));
      }
      const taken = bytes.subarray(0, job.bytes.length - (job.at - start));
      job.bytes.set(taken, job.at - start);
      job.at += taken.length;
      bytes = bytes.subarray(taken.length);
      if (job.at - start < job.bytes.length) continue;
      const complete = job.bytes;
      job.bytes = null;
      await this.#owner.arrived(block, complete);
    }
  }
}
