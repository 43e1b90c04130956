/* The page's side of the connection to the engine. A call is the message {id, call, args}; {id, abort} ends it. The
 * worker answers {id, chunk} any number of times, then {id, value} or {id, error}. On its own it sends {ready} when it
 * has started, and {news, note}. */
import { isNode } from '../runtime/node.js';
import { startForWorker } from '../runtime/threads.js';
import { compact } from '../sources/bytes.js';
import { openWorker } from './open.js';

/**
 * What a Link needs of a Worker.
 * @typedef {object} Port
 * @property {(message: any, transfer?: any) => void} postMessage
 * @property {((event: any) => void) | null} [onmessage]
 *
 * @typedef {object} PendingCall
 * @property {(value?: any) => void} resolve
 * @property {(error?: any) => void} reject
 * @property {() => void} done forgets the call
 * @property {(chunk: any) => void} [onChunk]
 *
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 * @property {(chunk: any) => void} [onChunk]
 * @property {Transferable[]} [transfer]
 */

const END_TIMEOUT = 3000; // ms
const NOT_IN_SERVICE_WORKERS =
  'a service worker cannot run a model: it cannot start workers, and the browser ends it when it seems idle. Load the model in a page, a worker or a shared worker; in an extension, in its popup, side panel or offscreen document';

/**
 * Two connected ports in one thread. Messages are not copied: Node cannot copy the Blob of a file.
 * @returns {{ near: Port, far: Port, close: () => void }}
 */
function portPair() {
  /** @param {() => Port} other */
  const port = (other) => ({
    /** @type {Port['onmessage']} */
    onmessage: null,
    postMessage: (/** @type {any} */ data) => void setImmediate(() => other().onmessage?.({ data })),
  });
  /** @type {Port} */
  const near = port(() => far);
  /** @type {Port} */
  const far = port(() => near);
  return { near, far, close() {} };
}

/** Two connected ports in one thread of a browser. */
function channel() {
  const { port1, port2 } = new MessageChannel();
  return { near: port1, far: port2, close: () => port1.close() };
}

export class Link {
  #port;
  #terminate;
  /** @type {Map<number, PendingCall>} */
  #calls = new Map();
  /** Ends of the threads that the worker started here. @type {(() => void)[]} */
  #threads = [];
  #nextId = 1;
  /** Resolves when the worker has ended the call that was aborted last. @type {Promise<void> | undefined} */
  #aborted;
  /** Receives changes of the model's info, and why. @type {(news: object, note: string) => void} */
  onNews = () => {};
  /** The error of all later calls, once the link has ended. @type {unknown} */
  #error = null;

  /**
   * Starts the engine's worker. In Node, and where there are no workers, the engine runs in the calling thread.
   * @param {string} [script] the absolute address of the worker, if it is not this package's
   */
  static async open(script) {
    if (isNode || typeof Worker === 'undefined') {
      if ('ServiceWorkerGlobalScope' in globalThis) throw new Error(NOT_IN_SERVICE_WORKERS);
      const { serve } = await import('./serve.js');
      const { near, far, close } = isNode ? portPair() : channel();
      serve(far);
      return new Link(near, close);
    }
    const worker = openWorker(script, (error) => link.#fail(error));
    const link = new Link(worker, () => worker.terminate());
    return link;
  }

  /**
   * A link to an engine in a thread of Node, whose script calls serve().
   * @param {import('node:worker_threads').Worker} worker
   */
  static toThread(worker) {
    /** @type {Port} */
    const port = { onmessage: null, postMessage: (data, transfer) => worker.postMessage(data, transfer) };
    const link = new Link(port, () => worker.terminate());
    worker.on('message', (data) => port.onmessage?.({ data }));
    worker.on('error', (error) => link.end(error));
    return link;
  }

  /**
   * @param {Port} port
   * @param {() => void} terminate
   */
  constructor(port, terminate) {
    this.#port = port;
    this.#terminate = terminate;
    port.onmessage = ({ data }) => this.#receive(data);
  }

  /** @param {any} message */
  #receive(message) {
    if (message?.thread) {
      this.#threads.push(startForWorker(message));
      return;
    }
    if (message?.news) {
      this.onNews(message.news, message.note);
      return;
    }
    const { id, chunk, value, error } = message ?? {}; // a script that is not the package's may send anything
    const call = this.#calls.get(id);
    if (!call) return;
    if (chunk !== undefined) {
      call.onChunk?.(chunk);
      return;
    }
    call.done();
    if (error) call.reject(Object.assign(new Error(error.message), error));
    else call.resolve(value);
  }

  /**
   * @param {string} name of a method of Host
   * @param {unknown[]} [args]
   * @param {CallOptions} [options] onChunk receives the chunks of an answer that comes in pieces
   * @returns {Promise<any>}
   */
  call(name, args = [], { signal, onChunk, transfer = [] } = {}) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#error) throw this.#error;
      const id = this.#nextId++;
      const abort = () => {
        this.#port.postMessage({ id, abort: true });
        done();
        this.#aborted = new Promise((ended) => {
          this.#calls.set(id, { resolve: ended, reject: ended, done: () => this.#calls.delete(id) });
        });
        reject(signal?.reason);
      };
      const done = () => {
        this.#calls.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      signal?.addEventListener('abort', abort);
      this.#calls.set(id, { resolve, reject, done, onChunk });
      const moved = [...transfer];
      this.#port.postMessage({ id, call: name, args: isNode ? args : compact(args, moved) }, moved);
    });
  }

  /**
   * The chunks of a call as they come. Leaving the loop early aborts the call.
   * @param {string} name
   * @param {any} request
   * @param {{ signal?: AbortSignal, onProgress?: (progress: any) => void }} options
   * @param {(value: any) => void} finished takes the call's value
   */
  stream(name, request, { signal, onProgress }, finished) {
    /** @type {any[]} */
    const queue = [];
    let wake = () => {};
    let over = false;
    /** @type {unknown} */
    let failure;
    const own = new AbortController();
    /** @param {any} chunk */
    const onChunk = (chunk) => {
      if (chunk.prompt_progress) onProgress?.(chunk.prompt_progress);
      if (chunk.prompt_progress && !(request.stream && request.return_progress)) return;
      queue.push(chunk);
      wake();
    };
    /* Not AbortSignal.any, which Safari has only since version 17.4. */
    const abort = () => own.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    this.call(name, [request], { signal: own.signal, onChunk })
      .then(finished, (error) => {
        failure = error;
      })
      .finally(() => {
        signal?.removeEventListener('abort', abort);
        over = true;
        wake();
      });
    return (async function* chunks() {
      try {
        for (;;) {
          if (failure) throw failure;
          if (queue.length) yield queue.shift();
          else if (over) return;
          else
            await new Promise((resolve) => {
              wake = () => resolve(undefined);
            });
        }
      } finally {
        if (!over) own.abort();
      }
    })();
  }

  get ended() {
    return this.#error !== null;
  }

  /** @param {unknown} error of all pending calls */
  #fail(error) {
    for (const { done, reject } of [...this.#calls.values()]) {
      done();
      reject(error);
    }
  }

  /**
   * Ends the link when the worker has closed the connections and threads of the call that was aborted last, or after a
   * timeout.
   * @param {unknown} error
   */
  async endSoon(error) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    this.#error = error;
    await Promise.race([
      this.#aborted,
      new Promise((resolve) => {
        timer = setTimeout(resolve, END_TIMEOUT);
      }),
    ]);
    clearTimeout(timer);
    this.end(error);
  }

  /** @param {unknown} [error] of all pending and later calls */
  end(error = new Error('the model has been freed')) {
    this.#error = error;
    this.#terminate();
    for (const end of this.#threads.splice(0)) end();
    this.#fail(error);
  }
}
