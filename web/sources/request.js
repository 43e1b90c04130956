/* Requests whose errors are one line with the URL and what went wrong, and that are tried again when it may help. */

const TRIES = 6;
const STALLED = 30_000; // ms without a byte
const ROOM = 256 << 10; // bytes of a chunk
const rooms = []; // for chunks, not in use

export class SourceError extends Error {
  /* again: whether trying again may help; changed: whether the server has another version by now. */
  constructor(text, { status = 0, again = false, changed = false } = {}) {
    super(text);
    this.name = 'SourceError';
    this.status = status;
    this.again = again;
    this.changed = changed;
  }
}

export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/* Waits longer and longer between tries that bring nothing; progress() starts anew. */
export class Patience {
  #tries = 0;
  #most;

  constructor(most = TRIES) {
    this.#most = most;
  }

  progress() {
    this.#tries = 0;
  }

  /* Returns when it is time for another try, or throws the error. */
  async after(error, signal) {
    if (signal.aborted) throw signal.reason;
    if (!error.again || ++this.#tries >= this.#most) throw error;
    await pause(250 * 2 ** this.#tries * (0.75 + Math.random() / 2), signal);
  }
}

/* One answer: what its headers say, and its bytes. The request ends with the signal, or when nothing comes for long. */
export class Answer {
  #response;
  #abort;
  #timer = 0;
  #unlink;

  static async get(url, { range, method = 'GET', headers, signal }) {
    signal.throwIfAborted();
    const abort = new AbortController();
    const link = () => abort.abort(signal.reason);
    signal.addEventListener('abort', link, { once: true });
    const answer = new Answer(url, abort, () => signal.removeEventListener('abort', link));
    const all = range ? { ...headers, Range: `bytes=${range[0]}-${range[1] - 1}` } : headers;
    answer.#watch();
    try {
      // Not through the HTTP cache: it would keep a second copy, and let only one request for a URL go at a time.
      answer.#response = await fetch(url, { method, headers: all, signal: abort.signal, cache: 'no-store' });
    } catch (error) {
      answer.end();
      throw answer.#broken(error, signal);
    }
    clearTimeout(answer.#timer);
    answer.signal = signal;
    const { status, statusText } = answer.#response;
    if (answer.#response.ok || status === 416) return answer;
    answer.end();
    throw new SourceError(`${url}: the server answered ${status}${statusText && ` ${statusText}`}`, {
      status,
      again: status === 408 || status === 429 || status >= 500,
    });
  }

  constructor(url, abort, unlink) {
    this.url = url;
    this.#abort = abort;
    this.#unlink = unlink;
  }

  get status() {
    return this.#response.status;
  }
  get length() {
    const { headers } = this.#response;
    return headers.has('content-encoding') ? 0 : Number(headers.get('content-length') ?? 0);
  }
  /* What tells versions apart. Servers of other origins may hide the ETag, never the date. */
  get etag() {
    return this.#response.headers.get('etag') ?? this.#response.headers.get('last-modified') ?? '';
  }
  /* {start, size} of a 206; null when the server hides it from other origins. */
  get range() {
    const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(this.#response.headers.get('content-range') ?? '');
    return match && { start: Number(match[1]), size: Number(match[2]) };
  }

  #watch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#abort.abort(new SourceError(`${this.url}: nothing came for 30 seconds`, { again: true })),
      STALLED,
    );
  }

  #broken(error, signal) {
    if (signal.aborted) return signal.reason;
    if (error instanceof SourceError) return error;
    const hint = error.cause?.code ?? error.message;
    return new SourceError(`${this.url}: no connection, or not allowed by the server for this page (${hint})`, {
      again: true,
    });
  }

  /* A reader of the body, and the room that it is to fill, or undefined where it takes room of its own for each chunk, which
   * browsers are slow to free. */
  #reader() {
    const { body } = this.#response;
    try {
      return { reader: body.getReader({ mode: 'byob' }), room: rooms.pop() ?? new ArrayBuffer(ROOM) };
    } catch {
      return { reader: body.getReader() };
    }
  }

  /* The chunks as they come; each is there until the next is asked for. */
  async *chunks() {
    let { reader, room } = this.#reader();
    try {
      for (;;) {
        this.#watch();
        const { done, value } = await reader.read(room && new Uint8Array(room)).catch((error) => {
          throw this.#broken(error, this.signal);
        });
        clearTimeout(this.#timer); // the reader of the chunk may take its time
        if (room && value) room = value.buffer; // a read takes it away until then
        if (done) return;
        yield value;
      }
    } finally {
      if (room?.byteLength) rooms.push(room);
      this.end();
    }
  }

  end() {
    clearTimeout(this.#timer);
    this.#unlink();
    this.#abort.abort();
  }
}
