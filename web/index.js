/* The package: a model behind OpenAI's shapes, computed off the page's thread. README.md is the manual. */
import { collect } from './api/completions.js';
import { isNode, node } from './runtime/node.js';
import { createEmbeddings, inputsOf } from './api/embeddings.js';
import { startForWorker } from './runtime/threads.js';

export { deleteModel, listModels, persist, storageInfo } from './store/index.js';
export { deleteSession, listSessions } from './store/sessions.js';

const PATIENCE = 3000; /* ms */

/* What can be posted, of all that a caller may give. */
async function sourceOf(source) {
  if (typeof source === 'string' || source instanceof URL) {
    const text = String(source);
    if (isNode && !/^https?:/.test(text)) {
      const { openAsBlob } = await node('fs');
      return { files: [await openAsBlob(source instanceof URL || text.startsWith('file:') ? new URL(text) : text)] };
    }
    return { url: new URL(text, globalThis.location?.href).href };
  }
  if (Array.isArray(source)) {
    return source[0] instanceof Blob
      ? { files: source }
      : { urls: source.map((url) => new URL(url, globalThis.location?.href).href) };
  }
  if (source instanceof Blob) return { files: [source] };
  if (source instanceof ReadableStream) return { stream: source };
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return { buffer: source };
  return source;
}

/* Two ends in one thread. What is posted is not copied: Node cannot copy a Blob of a file. */
function pair() {
  const ends = [{}, {}];
  ends.forEach((end, i) => {
    end.postMessage = (data) => setImmediate(() => ends[1 - i].onmessage?.({ data }));
  });
  return ends;
}

/* Calls to the host; an answer that comes in pieces is given to onChunk. */
class Link {
  #port;
  #end;
  #calls = new Map();
  #threads = []; /* what ends those that the worker had started here */
  #next = 1;
  #aborted; /* the call that was aborted last has ended in the worker */
  #over = null; /* the error of whatever is still asked */

  static async open(worker) {
    if (!isNode) {
      /* Bundlers know a worker by these very words. */
      const thread = worker
        ? new Worker(worker, { type: 'module' })
        : new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'quern' });
      const link = new Link(thread, () => thread.terminate());
      thread.onerror = (event) =>
        link.fail(new Error(`the worker failed: ${event.message ?? 'its script could not be loaded'}`));
      return link;
    }
    const { serve } = await import('./worker/host.js');
    const [near, far] = pair();
    serve(far);
    return new Link(near, () => {});
  }

  constructor(port, end) {
    this.#port = port;
    this.#end = end;
    port.onmessage = ({ data }) => {
      if (data.thread) {
        this.#threads.push(startForWorker(data));
        return;
      }
      const { id, chunk, value, error } = data;
      const call = this.#calls.get(id);
      if (!call) return;
      if (chunk !== undefined) {
        call.onChunk?.(chunk);
        return;
      }
      call.done();
      if (error) call.reject(Object.assign(new Error(error.message), error));
      else call.resolve(value);
    };
  }

  call(name, args = [], { signal, onChunk, transfer = [] } = {}) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#over) throw this.#over;
      const id = this.#next++;
      const aborted = () => {
        this.#port.postMessage({ id, abort: true });
        done();
        const over = (resolve) => this.#calls.set(id, { resolve, reject: resolve, done: () => this.#calls.delete(id) });
        this.#aborted = new Promise(over);
        reject(signal.reason);
      };
      const done = () => {
        this.#calls.delete(id);
        signal?.removeEventListener('abort', aborted);
      };
      signal?.addEventListener('abort', aborted);
      this.#calls.set(id, { resolve, reject, done, onChunk });
      this.#port.postMessage({ id, call: name, args }, transfer);
    });
  }

  get over() {
    return this.#over !== null;
  }

  fail(error) {
    for (const { done, reject } of [...this.#calls.values()]) {
      done();
      reject(error);
    }
  }

  /* What was aborted first lets go of its connections and threads; a worker that does not come to it is ended all the same. */
  async endSoon(error) {
    let timer;
    this.#over = error;
    await Promise.race([
      this.#aborted,
      new Promise((resolve) => {
        timer = setTimeout(resolve, PATIENCE);
      }),
    ]);
    clearTimeout(timer);
    this.end(error);
  }

  end(error = new Error('the model has been freed')) {
    this.#over = error;
    this.#end();
    for (const end of this.#threads.splice(0)) end();
    this.fail(error);
  }
}

/* Chunks of a call as they come. Leaving the loop early aborts the call. */
function stream(link, name, request, signal, finished) {
  const queue = [];
  let wake = () => {};
  let over = false;
  let failure;
  const own = new AbortController();
  const both = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
  link
    .call(name, [request], {
      signal: both,
      onChunk(chunk) {
        queue.push(chunk);
        wake();
      },
    })
    .then(finished, (error) => {
      failure = error;
    })
    .finally(() => {
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
            wake = resolve;
          });
      }
    } finally {
      if (!over) own.abort();
    }
  })();
}

class Session {
  #link;
  #id;

  constructor(link, id) {
    this.#link = link;
    this.#id = id;
  }

  /* Computes tokens; resolves to the position after them. */
  prefill(ids, { signal } = {}) {
    return this.#link.call('sessionPrefill', [this.#id, ids], { signal });
  }
  step(id) {
    return this.prefill([id]);
  }
  sampling(settings) {
    return this.#link.call('sessionSampling', [this.#id, settings]);
  }
  sample() {
    return this.#link.call('sessionSample', [this.#id]);
  }
  logits() {
    return this.#link.call('sessionLogits', [this.#id]);
  }
  position() {
    return this.#link.call('sessionPosition', [this.#id]);
  }
  rewind(position) {
    return this.#link.call('sessionRewind', [this.#id, position]);
  }
  save() {
    return this.#link.call('sessionSave', [this.#id]);
  }
  restore(bytes) {
    return this.#link.call('sessionRestore', [this.#id, bytes]);
  }
  /* In the browser's storage, under a name; resume() resolves to the position, here or after a reload. */
  keep(name) {
    return this.#link.call('sessionKeep', [this.#id, name]);
  }
  resume(name) {
    return this.#link.call('sessionResume', [this.#id, name]);
  }
  async fork() {
    return new Session(this.#link, await this.#link.call('sessionFork', [this.#id]));
  }
  free() {
    return this.#link.call('sessionFree', [this.#id]);
  }
}

class Model {
  #link;

  constructor(link, info, loaded) {
    this.#link = link;
    this.info = info;
    this.loaded = loaded;
    const create =
      (name) =>
      async (request, { signal } = {}) => {
        const chunks = stream(link, name, request, signal, (more) => Object.assign(info, more));
        return request.stream ? chunks : collect(chunks);
      };
    this.chat = {
      completions: { create: create('chat') },
      /* What chats have computed, for the next turn after a reload; resume() resolves to the number of tokens. */
      keep: (name) => link.call('chatKeep', [name]),
      resume: (name) => link.call('chatResume', [name]),
    };
    this.completions = { create: create('complete') };
    this.embeddings = {
      create: (request, { signal } = {}) =>
        createEmbeddings(request, info.name, (inputs, options) => link.call('embed', [inputs, options], { signal })),
    };
  }

  /* The vector of a text or of token ids, or those of a list of them. pooling 'none': an array with one for each token. */
  async embed(input, { pooling, normalize, signal } = {}) {
    const inputs = inputsOf(input);
    const { rows, pooled } = await this.#link.call('embed', [inputs, { pooling, normalize }], { signal });
    const values = pooled ? rows.map(([row]) => row) : rows;
    return inputs === input ? values : values[0];
  }

  tokenize(text, options) {
    return this.#link.call('tokenize', [text, options]);
  }
  detokenize(ids, options) {
    return this.#link.call('detokenize', [ids, options]);
  }
  /* {text, tokens}: what the model's template makes of messages. */
  template(messages, more) {
    return this.#link.call('template', [messages, more]);
  }
  isEnd(id) {
    return this.#link.call('isEnd', [id]);
  }
  async session(options) {
    return new Session(this.#link, await this.#link.call('sessionNew', [options]));
  }

  async free() {
    await this.#link.call('free').catch((error) => {
      if (!this.#link.over) throw error; /* its loading has failed, and it is gone already */
    });
    this.#link.end();
  }
}

/* source: a URL, or several of a split model, {repo, file, revision} of Hugging Face, a File or Blob (or several), a
 * ReadableStream, an ArrayBuffer; in Node a path too. early: resolves as soon as the model can be asked, though most of it is
 * still coming; what is asked is then computed layer by layer as it comes. */
export async function loadModel(source, { onProgress, onNote, signal, wasm, worker, ...options } = {}) {
  signal?.throwIfAborted();
  const what = await sourceOf(source);
  const link = await Link.open(worker);
  const base = wasm && new URL(String(wasm).replace(/\/?$/, '/'), globalThis.location?.href).href;
  return new Promise((resolve, reject) => {
    let early = {};
    const onChunk = ({ progress, note, info }) => {
      if (progress) onProgress?.(progress);
      if (note) onNote?.(note);
      if (!info) return;
      early = info;
      resolve(new Model(link, info, loaded));
    };
    const call = link.call('load', [what, { ...options, wasm: base, threadsByPage: !isNode && !worker }], {
      signal,
      onChunk,
      transfer: what.stream ? [what.stream] : [],
    });
    const loaded = call.then((info) => Object.assign(early, info));
    loaded.then(
      (info) => resolve(new Model(link, info, loaded)),
      (error) => {
        link.endSoon(error);
        reject(error);
      },
    );
  });
}
