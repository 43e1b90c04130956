/* HTTP requests: errors of one line that name the URL, and retries where they may help. */
import { SourceError } from './error.js';

const MAX_TRIES = 6;
const STALL_TIMEOUT = 30_000; // ms without a byte
const CHUNK_BYTES = 256 << 10;
const FIRST_DELAY = 250; // ms before a retry; doubled with each further one
/** Content codings that browsers undo. Servers also send names that are none, such as utf-8 and aws-chunked. */
const CODINGS = /\b(gzip|compress|deflate|br|zstd|dcb|dcz)\b/i;

/** Buffers for chunks that are not in use. @type {ArrayBuffer[]} */
const freeBuffers = [];

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve(undefined);
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Decides on retries: waits longer after each try that brought nothing. */
export class Retries {
  #tries = 0;
  #most;

  constructor(most = MAX_TRIES) {
    this.#most = most;
  }

  /** Bytes have come: starts counting again. */
  progress() {
    this.#tries = 0;
  }

  /**
   * Returns when it is time for another try; throws the error if there should be none.
   * @param {any} error
   * @param {AbortSignal} signal
   */
  async after(error, signal) {
    if (signal.aborted) throw signal.reason;
    if (!error.retry || ++this.#tries >= this.#most) throw error;
    await pause(FIRST_DELAY * 2 ** this.#tries * (0.75 + Math.random() / 2), signal);
  }
}

/**
 * @typedef {object} RequestOptions
 * @property {[number, number]} [range] bytes [start, end) to ask for; an infinite end: to the end of the file
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} signal
 */

/** An answer: its headers and its bytes. The request ends with the signal, or when no byte comes for 30 seconds. */
export class Answer {
  #url;
  #response;
  #asked;
  #abort;
  #signal;
  #unlink;
  #done = false; // the body has been read to its end
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * Sends a request. Rejects if there is no answer, or one with an error status.
   * @param {string} url
   * @param {RequestOptions} options
   */
  static async get(url, { range, headers, signal }) {
    signal.throwIfAborted();
    const abort = new AbortController();
    const link = () => abort.abort(signal.reason);
    signal.addEventListener('abort', link, { once: true });
    const unlink = () => signal.removeEventListener('abort', link);
    const timer = stallTimer(url, abort);
    /** @type {Response} */
    let response;
    try {
      // Not through the HTTP cache: it would keep a second copy, and allow only one request for a URL at a time.
      response = await fetch(url, {
        headers: range ? { ...headers, Range: rangeHeader(range) } : headers,
        signal: abort.signal,
        cache: 'no-store',
      });
    } catch (error) {
      unlink();
      abort.abort();
      throw connectionError(url, error, signal);
    } finally {
      clearTimeout(timer);
    }
    const answer = new Answer(url, response, { range, abort, signal, unlink });
    const { status, statusText } = response;
    if (response.ok) return answer;
    answer.end();
    throw new SourceError(`${url}: the server answered ${status}${statusText && ` ${statusText}`}`, {
      status,
      retry: status === 408 || status === 429 || status >= 500,
    });
  }

  /**
   * @param {string} url
   * @param {Response} response
   * @param {{ range?: [number, number], abort: AbortController, signal: AbortSignal, unlink: () => void }} request
   */
  constructor(url, response, { range, abort, signal, unlink }) {
    this.#url = url;
    this.#response = response;
    this.#asked = range;
    this.#abort = abort;
    this.#signal = signal;
    this.#unlink = unlink;
  }

  /** Whether it brings a range of the file that was asked for, and not the whole file. */
  get partial() {
    return this.#response.status === 206 && !!this.#asked;
  }
  /**
   * Whether its bytes are within the range that was asked for, as far as its headers tell: some servers call the whole
   * file a part. A server of another origin may hide which range it sends, but not its length.
   */
  get fits() {
    if (!this.partial || !this.#asked) return false;
    const [start, end] = this.#asked;
    return this.range ? this.range.start === start && this.range.end <= end : this.length <= end - start;
  }
  /** How the transfer is compressed; '' if it is not. Servers of other origins may hide it. */
  get encoding() {
    const encoding = this.#response.headers.get('content-encoding') ?? '';
    return CODINGS.test(encoding) ? encoding : '';
  }
  /** Whether `encoding` may be hidden. Content-Length is then that of the compressed bytes. */
  get mayHideEncoding() {
    return this.#response.type === 'cors' && !this.encoding;
  }
  /** Bytes of the body; 0 if unknown. */
  get length() {
    return this.encoding ? 0 : Number(this.#response.headers.get('content-length') ?? 0);
  }
  /** Whether the body is known to have no bytes. */
  get empty() {
    return this.#response.headers.get('content-length') === '0';
  }
  /**
   * Identifies the version: the ETag, or the date, which servers of other origins never hide. '' if there is neither.
   */
  get etag() {
    return this.#response.headers.get('etag') ?? this.#response.headers.get('last-modified') ?? '';
  }
  /** The bytes [start, end) of a 206 answer, and the file's size; null if the server hides them from other origins. */
  get range() {
    const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(this.#response.headers.get('content-range') ?? '');
    return match && { start: Number(match[1]), end: Number(match[2]) + 1, size: Number(match[3]) };
  }

  /**
   * A reader of the body, with a buffer to fill if the browser supports that. Otherwise the browser allocates each
   * chunk, and is slow to free them.
   * @returns {{ reader: { read(view?: Uint8Array): Promise<ReadableStreamReadResult<Uint8Array>> }, buffer?:
   *   ArrayBuffer }}
   */
  #reader() {
    /* Chromium shows many streams as canceled that were read to their end, unless a copy has been canceled. A copy makes
     * the browser hold what has not been read yet, so only ranges get one. */
    const isChromium = !!globalThis.navigator && 'userAgentData' in navigator;
    if (isChromium && this.partial)
      this.#response
        .clone()
        .body?.cancel()
        .catch(() => {});
    const body = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (this.#response.body);
    try {
      const reader = body.getReader({ mode: 'byob' });
      return { reader: /** @type {any} */ (reader), buffer: freeBuffers.pop() ?? new ArrayBuffer(CHUNK_BYTES) };
    } catch {
      return { reader: body.getReader() };
    }
  }

  /**
   * The chunks as they come. Each is valid until the next one is asked for.
   * @returns {AsyncGenerator<Uint8Array, void, undefined>}
   */
  async *chunks() {
    let { reader, buffer } = this.#reader();
    try {
      for (;;) {
        this.#timer = stallTimer(this.#url, this.#abort);
        const { done, value } = await reader.read(buffer && new Uint8Array(buffer)).catch((error) => {
          throw connectionError(this.#url, error, this.#signal, 'the transfer broke off');
        });
        clearTimeout(this.#timer); // the consumer of the chunk may take its time
        if (buffer && value) buffer = /** @type {ArrayBuffer} */ (value.buffer); // reading detached the old one
        if (done) {
          this.#done = true;
          return;
        }
        yield value;
      }
    } finally {
      if (buffer?.byteLength) freeBuffers.push(buffer);
      this.end();
    }
  }

  /** The whole body. */
  async bytes() {
    const chunks = [];
    for await (const chunk of this.chunks()) chunks.push(chunk.slice());
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }

  end() {
    clearTimeout(this.#timer);
    this.#unlink();
    if (!this.#done) this.#abort.abort(); // Chromium would show a request as canceled even after its last byte
  }
}

/** @param {[number, number]} range bytes [start, end) */
const rangeHeader = ([start, end]) => `bytes=${start}-${end === Infinity ? '' : end - 1}`;

/**
 * Aborts a request if nothing comes for long.
 * @param {string} url
 * @param {AbortController} abort
 */
function stallTimer(url, abort) {
  const error = () => new SourceError(`${url}: nothing came for ${STALL_TIMEOUT / 1000} seconds`, { retry: true });
  return setTimeout(() => abort.abort(error()), STALL_TIMEOUT);
}

/**
 * @param {string} url
 * @param {any} error of a fetch or a read
 * @param {AbortSignal} signal
 * @param {string} [what] happened
 */
function connectionError(url, error, signal, what = 'no connection, or not allowed by the server for this page') {
  if (signal.aborted) return signal.reason;
  if (error instanceof SourceError) return error;
  const hint = error.cause?.code ?? error.message;
  return new SourceError(`${url}: ${what} (${hint})`, { retry: true });
}
