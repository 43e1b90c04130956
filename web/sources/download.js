/* The blocks of one file from the network: by several range requests at once, or as one stream where the server has no
 * ranges. Each request that breaks off is asked for again from the byte it reached. */
import { BLOCK, blocksOf } from '../store/journal.js';
import { Answer, Patience, SourceError } from './request.js';

const FIRST_TRIES = 3;

/* A ReadableStream as the one answer that there is. */
export class GivenAnswer {
  status = 200;
  etag = '';
  #reader;

  constructor(stream, size) {
    this.#reader = stream.getReader();
    this.length = size;
  }

  async *chunks() {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      yield value;
    }
  }

  end() {
    this.#reader.cancel().catch(() => {});
  }
}

export class Download {
  size = 0; // 0 until it is known
  etag = '';
  ranges = false;
  ended = false; // a stream's last byte has come
  #url;
  #asking;
  #owner;
  #given;
  #answer = null;
  #jobs = new Set();

  /* owner: bytes(length) for a block, arrived(block, bytes), room(block), which resolves when a stream may go on to that block,
   * and ended(error). */
  constructor(url, { headers, signal, given, owner }) {
    this.#url = url;
    this.#asking = { headers, signal };
    this.#given = given;
    this.#owner = owner;
  }

  get busy() {
    return this.#jobs.size;
  }

  #lengthOf(block) {
    return this.size ? Math.min(BLOCK, this.size - block * BLOCK) : BLOCK;
  }

  /* Whether a block is on its way. */
  covers(block) {
    for (const { at, end } of this.#jobs) if (block >= Math.floor(at / BLOCK) && block < end) return true;
    return false;
  }

  /* Learns size, version and whether there are ranges by asking for blocks, which start() then takes, or for a byte when
   * that is only a probe. false when it is not the `expected` {size, etag}. */
  async connect([first, end], expected, probe) {
    const patience = new Patience(FIRST_TRIES);
    let answer;
    while (!answer) {
      const range = [first * BLOCK, probe ? first * BLOCK + 1 : end * BLOCK];
      try {
        answer = this.#given ?? (await Answer.get(this.#url, { range, ...this.#asking }));
      } catch (error) {
        await patience.after(error, this.#asking.signal);
      }
    }
    this.ranges = answer.status === 206;
    this.etag = answer.etag;
    this.size = this.ranges ? (answer.range?.size ?? (await this.#sizeByHead())) : answer.length;
    const same = !expected || (expected.size === this.size && expected.etag === this.etag);
    if (answer.status === 416 && !expected) throw new SourceError(`${this.#url}: the file is empty`, { status: 416 });
    if (same && !probe) this.#answer = { answer, first, end };
    else answer.end();
    return same;
  }

  /* Content-Range may be hidden from other origins; Content-Length never is. */
  async #sizeByHead() {
    const answer = await Answer.get(this.#url, { method: 'HEAD', ...this.#asking });
    answer.end();
    if (!answer.length)
      throw new SourceError(
        `${this.#url}: the server tells no size (Access-Control-Expose-Headers: Content-Range would)`,
      );
    return answer.length;
  }

  /* Begins with what connect() got; a stream begins anyway. */
  start() {
    const { answer, first, end } = this.#answer ?? {};
    this.#answer = null;
    if (!this.ranges) this.#begin({ at: 0, end: this.size ? blocksOf(this.size) : Infinity, answer });
    else if (answer) this.#begin({ at: first * BLOCK, end: Math.min(end, blocksOf(this.size)), answer });
  }

  fetch(first, end) {
    this.#begin({ at: first * BLOCK, end });
  }

  #begin(job) {
    this.#jobs.add(job);
    const done = (error) => {
      this.#jobs.delete(job);
      this.#owner.ended(error);
    };
    this.#run(job).then(() => done(), done);
  }

  async #run(job) {
    const patience = new Patience();
    for (;;) {
      try {
        return await this.#once(job, patience);
      } catch (error) {
        await patience.after(error, this.#asking.signal);
      }
    }
  }

  async #once(job, patience) {
    const answer = job.answer ?? (await this.#ask(job));
    job.answer = null;
    const end = Math.min(job.end * BLOCK, this.size || Infinity);
    let skip = this.ranges ? 0 : job.at; // a stream starts anew
    for await (const chunk of answer.chunks()) {
      const fresh = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - fresh.length;
      if (fresh.length) patience.progress();
      await this.#take(job, fresh.subarray(0, end - job.at));
      if (this.ranges && job.at >= end) return;
    }
    if (job.at < end && this.size) {
      throw new SourceError(`${this.#url}: the connection ended at byte ${job.at} of ${this.size}`, {
        again: !this.#given,
      });
    }
    if (this.ranges) return;
    if (job.bytes) await this.#owner.arrived(Math.floor(job.at / BLOCK), job.bytes.slice(0, job.at % BLOCK));
    this.size = job.at;
    this.ended = true;
  }

  async #ask(job) {
    if (this.#given) throw new SourceError(`${this.#url}: it has been read`);
    const answer = await Answer.get(this.#url, {
      range: this.ranges && [job.at, Math.min(job.end * BLOCK, this.size)],
      ...this.#asking,
    });
    const size = answer.status === 206 ? (answer.range?.size ?? this.size) : answer.length;
    const start = answer.status === 206 ? (answer.range?.start ?? job.at) : 0;
    if (answer.etag === this.etag && size === this.size && (start === job.at || !this.ranges)) return answer;
    answer.end();
    if (answer.etag === this.etag && size === this.size) {
      throw new SourceError(`${this.#url}: the server answered a range request with another range (${answer.status})`, {
        again: true,
      });
    }
    throw new SourceError(`${this.#url}: the file changed on the server while it was being downloaded; load it again`, {
      changed: true,
    });
  }

  async #take(job, bytes) {
    while (bytes.length) {
      const block = Math.floor(job.at / BLOCK);
      if (!job.bytes) {
        if (!this.ranges) await this.#owner.room(block);
        job.bytes = this.#owner.bytes(this.#lengthOf(block));
      }
      const taken = bytes.subarray(0, job.bytes.length - (job.at - block * BLOCK));
      job.bytes.set(taken, job.at - block * BLOCK);
      job.at += taken.length;
      bytes = bytes.subarray(taken.length);
      if (job.at - block * BLOCK < job.bytes.length) continue;
      const whole = job.bytes;
      job.bytes = null;
      await this.#owner.arrived(block, whole);
    }
  }
}
