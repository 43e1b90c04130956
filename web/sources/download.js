/* Downloads the blocks of one file: by several range requests at once, or as one stream if the server does not support
 * ranges. A request that breaks off is continued from the byte it reached. */
import { BLOCK, blocksOf } from '../store/journal.js';
import { bytesOf, classOf } from './bytes.js';
import { SourceError } from './error.js';
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
 * @property {(error: Error) => Promise<unknown>} changed the server has another version of the file; awaited before the
 *   error is reported
 * @property {(block: number) => Promise<void>} canTake resolves when a stream may go on to a block
 * @property {(error?: any) => void} ended a job has ended
 */

const FIRST_TRIES = 3;

/** A ReadableStream in place of an HTTP answer. It can be read only once. */
export class GivenAnswer {
  status = 200;
  etag = '';
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
  ended = false; // the last byte of a stream has come
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
    const answer = this.#given ?? (await this.#firstAnswer([first * BLOCK, probe ? first * BLOCK + 1 : end * BLOCK]));
    this.ranges = answer.status === 206;
    this.etag = answer.etag;
    this.size = this.ranges ? (answer.range?.size ?? (await this.#sizeByHead())) : answer.length;
    const same = !expected || (expected.size === this.size && expected.etag === this.etag);
    if (answer.status === 416 && !expected) throw new SourceError(`${this.#url}: the file is empty`, { status: 416 });
    if (same && !probe) this.#connected = { answer, first, end };
    else answer.end();
    return same;
  }

  /** @param {[number, number]} range */
  async #firstAnswer(range) {
    const retries = new Retries(FIRST_TRIES);
    for (;;) {
      try {
        return await Answer.get(this.#url, { range, ...this.#request });
      } catch (error) {
        await retries.after(error, this.#request.signal);
      }
    }
  }

  /**
   * The size in the answer to a HEAD request. Servers may hide Content-Range from other origins, but not
   * Content-Length.
   */
  async #sizeByHead() {
    const answer = await Answer.get(this.#url, { method: 'HEAD', ...this.#request });
    answer.end();
    if (!answer.length)
      throw new SourceError(
        `${this.#url}: the server does not tell the size of the file; the header Access-Control-Expose-Headers: Content-Range would help`,
      );
    return answer.length;
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
        if (error.changed) await this.#owner.changed(error);
        await retries.after(error, this.#request.signal);
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
    for await (const chunk of answer.chunks()) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length) retries.progress();
      await this.#take(job, fresh.subarray(0, end - job.at));
      if (this.ranges && job.at >= end) return;
    }
    if (job.at < end && this.size) {
      throw new SourceError(`${this.#url}: the connection ended at byte ${job.at} of ${this.size}`, {
        retry: !this.#given,
      });
    }
    if (this.ranges) return;
    if (job.bytes) await this.#owner.arrived(Math.floor(job.at / BLOCK), job.bytes.slice(0, job.at % BLOCK));
    this.size = job.at;
    this.ended = true;
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
    });
    const isRange = answer.status === 206;
    const size = isRange ? (answer.range?.size ?? this.size) : answer.length;
    const start = isRange ? (answer.range?.start ?? job.at) : 0;
    const same = answer.etag === this.etag && size === this.size;
    if (same && (start === job.at || !this.ranges)) return answer;
    answer.end();
    if (same) {
      throw new SourceError(`${this.#url}: the server answered a range request with another range (${answer.status})`, {
        retry: true,
      });
    }
    throw new SourceError(`${this.#url}: the file changed on the server while it was being downloaded; load it again`, {
      changed: true,
    });
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
