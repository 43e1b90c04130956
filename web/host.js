/* The engine behind a message port: in a dedicated worker of a page, or in Node's own thread. A call is {id, call, args},
 * {id, abort} ends it; the answers are {id, chunk} any number of times and {id, value} or {id, error} once. */
import { chooseModule, NARROW_BYTES } from './choose.js';
import { Completions, RequestError } from './completions.js';
import { embed } from './embeddings.js';
import { Engine } from './engine.js';
import { addressOf } from './modules.js';
import { isNode, node } from './node.js';
import { openSource } from './sources/index.js';
import { tuneThreads } from './tune.js';

/* Chromium keeps a worker and its memory for good if it is ended while its own workers are ending; no event tells when they have. */
const FAREWELL = 200; /* ms */
const MUCH = 2 ** 30; /* bytes of a file; below, a 32-bit module holds the model */

async function processors() {
  if (!isNode) return globalThis.navigator?.hardwareConcurrency;
  const { availableParallelism } = await node('os');
  return availableParallelism();
}

async function bytesAt(url) {
  if (isNode && url.startsWith('file:')) {
    const { readFile } = await node('fs/promises');
    return new Uint8Array(await readFile(new URL(url)));
  }
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/* A turn of the event loop, in which messages come in. */
function pauses() {
  if (isNode) return () => new Promise((resolve) => { setImmediate(resolve); });
  const { port1, port2 } = new MessageChannel();
  let go;
  port1.onmessage = () => go();
  return () => new Promise((resolve) => {
    go = resolve;
    port2.postMessage(0);
  });
}

function textOf(model, wanted) {
  for (const { key, bytes } of model.metadata(1 << 12)) if (key === wanted) return new TextDecoder().decode(bytes);
  return '';
}

class Host {
  #pause = pauses();
  #sessions = new Map();
  #next = 1;

  async #start(options, source, wide) {
    const module = chooseModule({ processors: await processors(), ...options, wide });
    const start = async (threads) => Engine.start(await bytesAt(addressOf(threads > 1 ? module.file : module.file.replace('-mt', ''), options.wasm)), { threads });
    try {
      return { module, engine: await start(module.threads) };
    } catch (error) {
      if (module.threads === 1) throw error;
      const reason = [module.reason, `one thread, as more could not be started: ${error.message}`].filter(Boolean).join('; ');
      return { module: { ...module, threads: 1, name: module.name.replace('-mt', ''), reason }, engine: await start(1) };
    }
  }

  async #needsWide(options, source) {
    if (source.size < MUCH && source.parts.length === 1) return false;
    const { engine } = await this.#start({ ...options, threads: 1 }, source, false);
    const model = await engine.openDirectory(source);
    return model.plan(options.contextSize ?? Math.min(model.contextSize, 4096)).totalBytes > NARROW_BYTES;
  }

  async load([what, options], { signal, emit }) {
    const begun = performance.now();
    const source = await openSource(what, {
      ...options, signal, onProgress: (progress) => emit({ progress }), onNote: (note) => emit({ note }),
    });
    try {
      const { module, engine } = await this.#start(options, source, await this.#needsWide(options, source));
      if (module.advice) emit({ note: `${module.reason}; ${module.advice}` });
      this.engine = engine;
      this.threads = module.threads;
      this.model = await engine.loadModel(source);
      const threads = options.threads === undefined && module.threads > 1 ? tuneThreads(engine, this.model, module.threads) : module.threads;
      const name = textOf(this.model, 'general.name') || source.parts[0].name;
      const encoder = this.model.isEncoder;
      if (!encoder) this.completions = new Completions(this.model, { contextSize: options.contextSize, overflow: options.overflow, name, pause: this.#pause });
      this.contextSize = encoder ? Math.min(options.contextSize ?? Infinity, this.model.contextSize) : this.completions.contextSize;
      const { contextSize } = this;
      return {
        name, contextSize, threads, from: source.from, build: module.name, reason: module.reason, advice: module.advice, vocabSize: this.model.vocabSize,
        encoder, embeddingSize: this.model.embeddingSize,
        plan: this.model.plan(contextSize), memoryBytes: engine.memory.buffer.byteLength, loadMs: performance.now() - begun,
      };
    } catch (error) {
      await this.free();
      throw error;
    } finally {
      await source.close();
    }
  }

  async #streamed(chunks, emit) {
    for await (const chunk of chunks) emit(chunk);
    return { memoryBytes: this.engine.memory.buffer.byteLength };
  }

  /* What writes text. */
  get #writer() {
    if (this.completions) return this.completions;
    throw new RequestError('the model is an encoder: it gives embeddings (embed, embeddings.create) and writes no text', 'model', 'unsupported_model');
  }

  chat([request], { signal, emit }) { return this.#streamed(this.#writer.chat(request, { signal }), emit); }
  complete([request], { signal, emit }) { return this.#streamed(this.#writer.complete(request, { signal }), emit); }
  embed([inputs, options], { signal }) { return embed(this.model, inputs, { ...options, signal, pause: this.#pause }); }
  tokenize([text, options]) { return this.model.tokenize(text, options); }
  detokenize([ids, options]) { return new TextDecoder().decode(this.model.detokenize(ids, options)); }
  template([messages, more]) { return this.#writer.template(messages, more); }

  sessionNew([{ contextSize, ...options } = {}]) { return this.#keep(this.model.session({ context: contextSize ?? this.contextSize, ...options })); }
  sessionFork([id]) { return this.#keep(this.#sessions.get(id).fork()); }
  sessionFree([id]) {
    this.#sessions.get(id)?.free();
    this.#sessions.delete(id);
  }
  async sessionPrefill([id, ids], { signal }) {
    const session = this.#sessions.get(id);
    session.feed(ids);
    try {
      while (session.step()) {
        await this.#pause();
        signal.throwIfAborted();
      }
    } catch (error) {
      session.rewind(session.position); /* what is queued is dropped */
      throw error;
    }
    return session.position;
  }
  sessionSampling([id, settings]) { this.#sessions.get(id).sampling(settings); }
  sessionSample([id]) { return this.#sessions.get(id).sample(); }
  sessionLogits([id]) { return this.#sessions.get(id).logits(); }
  sessionPosition([id]) { return this.#sessions.get(id).position; }
  sessionRewind([id, position]) { this.#sessions.get(id).rewind(position); }
  sessionSave([id]) { return new Blob([...this.#sessions.get(id).save()]).arrayBuffer(); }
  sessionRestore([id, bytes]) { return this.#sessions.get(id).restore([new Uint8Array(bytes)]); }
  isEnd([id]) { return this.model.isEnd(id); }

  #keep(session) {
    const id = this.#next++;
    this.#sessions.set(id, session);
    return id;
  }

  async free() {
    for (const session of this.#sessions.values()) session.free();
    this.completions?.free();
    this.model?.free();
    await this.engine?.stop();
    if (this.threads > 1 && !isNode) await new Promise((resolve) => { setTimeout(resolve, FAREWELL); });
  }
}

export function serve(port) {
  const host = new Host();
  const running = new Map();
  port.onmessage = async ({ data: { id, call, args, abort } }) => {
    if (abort) {
      running.get(id)?.end();
      return;
    }
    if (call === 'free') await Promise.all([...running.values()].map((other) => other.end(new Error('the model has been freed'))));
    const controller = new AbortController();
    const ended = new Promise((resolve) => {
      const end = (reason) => {
        controller.abort(reason);
        return ended;
      };
      running.set(id, { end, over: resolve });
    });
    try {
      const value = await host[call](args, { signal: controller.signal, emit: (chunk) => port.postMessage({ id, chunk }) });
      port.postMessage({ id, value });
    } catch (error) {
      const { name, message, code, offset, param, status } = error;
      port.postMessage({ id, error: { name, message: String(message ?? error), code, offset, param, status } });
    } finally {
      running.get(id).over();
      running.delete(id);
    }
  };
}
