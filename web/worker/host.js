/* The engine behind a message port: in a dedicated worker of a page, or in Node's own thread. A call is {id, call, args},
 * {id, abort} ends it; the answers are {id, chunk} any number of times and {id, value} or {id, error} once. */
import { chooseBuild, MAX_BYTES_32 } from '../runtime/choose.js';
import { Completions, RequestError } from '../api/completions.js';
import { embed } from '../api/embeddings.js';
import { Engine } from '../engine.js';
import { Loading, readTensors } from './loading.js';
import { moduleUrl } from '../runtime/modules.js';
import { isNode, node } from '../runtime/node.js';
import { openSource, SourceError } from '../sources/index.js';
import { keepSession, resumeSession, SessionError } from '../store/sessions.js';
import { spawnByPage } from '../runtime/threads.js';
import { tuneThreads } from '../runtime/tune.js';

/* Chromium keeps a worker and its memory for good if it is ended while its own workers are ending; no event tells when they have. */
const FAREWELL = 200; /* ms */
const FORMAT = -2; /* of quern.h: no GGUF, or a damaged one, which would be no better from the storage the next time */
const MUCH = 2 ** 30; /* bytes of a file; below, a 32-bit module holds the model and the usual context */
const USUAL_CONTEXT = 4096;

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
  const answer = await fetch(url).catch((error) => {
    throw new SourceError(
      `${url}: the engine's module cannot be fetched (${error.message}). Without a network there is only the module of an earlier visit: load with the same threads and build as then`,
    );
  });
  if (!answer.ok)
    throw new SourceError(
      `${url}: the engine's module is not there (${answer.status} ${answer.statusText}): the folder wasm of the package has to be beside its scripts, or named by the option wasm`,
      answer,
    );
  return new Uint8Array(await answer.arrayBuffer());
}

/* A turn of the event loop, in which messages come in. */
function pauses() {
  if (isNode)
    return () =>
      new Promise((resolve) => {
        setImmediate(resolve);
      });
  const { port1, port2 } = new MessageChannel();
  const waiting = [];
  port1.onmessage = () => waiting.shift()();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(0);
    });
}

function textOf(model, wanted) {
  for (const { key, bytes } of model.metadata(1 << 12)) if (key === wanted) return new TextDecoder().decode(bytes);
  return '';
}

class Host {
  #port;
  #spawn; /* what starts threads, if not the worker itself */
  #turn = pauses();
  #pause = (waiting, signal) => (waiting ? this.#loading.next(signal) : this.#turn());
  #loading = new Loading();
  #started = 1; /* threads */
  #untuned = false; /* it is not known yet how many of them help */
  #sessions = new Map();
  #next = 1;
  #freed = null;

  constructor(port) {
    this.#port = port;
  }

  async #start(options, source, wide) {
    const module = chooseBuild({ processors: await processors(), ...options, memory64: wide });
    const start = async (threads) =>
      Engine.start(await bytesAt(moduleUrl(threads > 1 ? module.file : module.file.replace('-mt', ''), options.wasm)), {
        threads,
        spawn: this.#spawn,
      });
    try {
      return { module, engine: await start(module.threads) };
    } catch (error) {
      if (module.threads === 1) throw error;
      const reason = [module.reason, `one thread, as more could not be started: ${error.message}`]
        .filter(Boolean)
        .join('; ');
      return {
        module: { ...module, threads: 1, name: module.name.replace('-mt', ''), reason },
        engine: await start(1),
      };
    }
  }

  async #needsWide(options, source) {
    if (source.size < MUCH && source.parts.length === 1 && !(options.contextSize > USUAL_CONTEXT)) return false;
    const { engine } = await this.#start({ ...options, threads: 1 }, source, false);
    const model = await engine.openDirectory(source);
    return model.plan(options.contextSize ?? Math.min(model.contextSize, USUAL_CONTEXT)).totalBytes > MAX_BYTES_32;
  }

  /* With the option `early`, {info} is emitted as soon as the model can be used, though its tensors are still coming. */
  async load([what, options], { signal, emit, others }) {
    const begun = performance.now();
    if (options.threadsByPage) this.#spawn = spawnByPage(this.#port);
    const source = await openSource(what, {
      ...options,
      signal,
      onProgress: (progress) => emit({ progress }),
      onNote: (note) => emit({ note }),
    });
    try {
      const { module, engine } = await this.#start(options, source, await this.#needsWide(options, source));
      if (module.advice) emit({ note: `${module.reason}; ${module.advice}` });
      this.engine = engine;
      this.threads = this.#started = module.threads;
      this.model = await engine.openDirectory(source);
      this.model.place();
      const info = this.#use(module, options, source);
      if (options.early) emit({ info });
      const turn = () => {
        this.#loading.arrived();
        return this.#turn();
      };
      await (options.early ? readTensors(this.model, source, turn) : this.model.read(source, turn));
      await source.close();
      this.#loading.end();
      this.#untuned = options.threads === undefined;
      if (!others().length) this.idle();
      return {
        ...info,
        threads: this.threads,
        memoryBytes: engine.memory.buffer.byteLength,
        loadMs: performance.now() - begun,
      };
    } catch (error) {
      this.#loading.end(error);
      if (error.code === FORMAT) await source.drop();
      await Promise.all(others());
      await this.free();
      throw error;
    } finally {
      await source.close();
    }
  }

  /* What the model is, once its directory is read. */
  #use(module, options, source) {
    const { model, engine } = this;
    const name = (this.name = textOf(model, 'general.name') || source.parts[0].name);
    const encoder = model.isEncoder;
    if (!encoder)
      this.completions = new Completions(model, {
        contextSize: options.contextSize,
        overflow: options.overflow,
        name,
        pause: this.#pause,
      });
    this.contextSize = encoder
      ? Math.min(options.contextSize ?? Infinity, model.contextSize)
      : this.completions.contextSize;
    const { contextSize } = this;
    return {
      name,
      contextSize,
      threads: this.threads,
      from: source.from,
      build: module.name,
      reason: module.reason,
      advice: module.advice,
      vocabSize: model.vocabSize,
      encoder,
      embeddingSize: model.embeddingSize,
      plan: model.plan(contextSize),
      memoryBytes: engine.memory.buffer.byteLength,
      loadMs: 0,
    };
  }

  /* No call is under way: time to find out what would disturb one. */
  idle() {
    if (this.#untuned) this.threads = tuneThreads(this.engine, this.model, this.#started);
    this.#untuned = false;
  }

  async #streamed(chunks, emit) {
    for await (const chunk of chunks) emit(chunk);
    return { memoryBytes: this.engine.memory.buffer.byteLength, threads: this.threads };
  }

  /* What writes text. */
  get #writer() {
    if (this.completions) return this.completions;
    throw new RequestError(
      'the model is an encoder: it gives embeddings (embed, embeddings.create) and writes no text',
      'model',
      'unsupported_model',
    );
  }

  chat([request], { signal, emit }) {
    return this.#streamed(this.#writer.chat(request, { signal }), emit);
  }
  complete([request], { signal, emit }) {
    return this.#streamed(this.#writer.complete(request, { signal }), emit);
  }
  embed([inputs, options], { signal }) {
    return embed(this.model, inputs, { ...options, signal, pause: this.#pause });
  }
  tokenize([text, options]) {
    return this.model.tokenize(text, options);
  }
  detokenize([ids, options]) {
    return new TextDecoder().decode(this.model.detokenize(ids, options));
  }
  template([messages, more]) {
    return this.#writer.template(messages, more);
  }

  sessionNew([{ contextSize, ...options } = {}]) {
    return this.#keep(this.model.session({ context: contextSize ?? this.contextSize, ...options }));
  }
  sessionFork([id]) {
    return this.#keep(this.#sessions.get(id).fork());
  }
  sessionFree([id]) {
    this.#sessions.get(id)?.free();
    this.#sessions.delete(id);
  }
  async sessionPrefill([id, ids], { signal }) {
    const session = this.#sessions.get(id);
    session.feed(ids);
    try {
      while (session.step()) {
        await this.#pause(session.waiting, signal);
        signal.throwIfAborted();
      }
    } catch (error) {
      session.rewind(session.position); /* what is queued is dropped */
      throw error;
    }
    return session.position;
  }
  sessionSampling([id, settings]) {
    this.#sessions.get(id).sampling(settings);
  }
  sessionSample([id]) {
    return this.#sessions.get(id).sample();
  }
  sessionLogits([id]) {
    return this.#sessions.get(id).logits();
  }
  sessionPosition([id]) {
    return this.#sessions.get(id).position;
  }
  sessionRewind([id, position]) {
    this.#sessions.get(id).rewind(position);
  }
  async sessionKeep([id, name], { signal }) {
    await this.#loading.whole(signal);
    const session = this.#sessions.get(id);
    await keepSession(name, () => session.save(), { model: this.name, tokens: session.position });
  }
  async sessionResume([id, name], { signal }) {
    await this.#loading.whole(signal);
    const session = this.#sessions.get(id);
    await resumeSession(name, (pieces) => session.restore(pieces));
    return session.position;
  }
  async chatKeep([name], { signal }) {
    const writer = this.#writer;
    await this.#loading.whole(signal);
    await writer.keep((session, ids) =>
      keepSession(name, () => session.save(), { model: this.name, tokens: ids.length, ids }),
    );
  }
  async chatResume([name], { signal }) {
    const writer = this.#writer;
    await this.#loading.whole(signal);
    let tokens;
    await writer.resume((session) =>
      resumeSession(name, (pieces, { ids }) => {
        if (!ids)
          throw new SessionError(
            `the session ${JSON.stringify(name)} was not kept by a chat: a session can resume it`,
            'refused',
          );
        tokens = ids.length;
        return session.restore(pieces);
      }).then(({ ids }) => ids),
    );
    return tokens;
  }
  sessionSave([id]) {
    return new Blob([...this.#sessions.get(id).save()]).arrayBuffer();
  }
  sessionRestore([id, bytes]) {
    return this.#sessions.get(id).restore([new Uint8Array(bytes)]);
  }
  isEnd([id]) {
    return this.model.isEnd(id);
  }

  #keep(session) {
    const id = this.#next++;
    this.#sessions.set(id, session);
    return id;
  }

  free() {
    this.#freed ??= this.#free();
    return this.#freed;
  }

  async #free() {
    this.#untuned = false;
    for (const session of this.#sessions.values()) session.free();
    this.completions?.free();
    this.model?.free();
    await this.engine?.stop();
    if (this.#started > 1 && !isNode && !this.#spawn)
      await new Promise((resolve) => {
        setTimeout(resolve, FAREWELL);
      });
  }
}

export function serve(port) {
  const host = new Host(port);
  const running = new Map();
  port.onmessage = async ({ data: { id, call, args, abort } }) => {
    if (abort) {
      running.get(id)?.end();
      return;
    }
    if (call === 'free')
      await Promise.all([...running.values()].map((other) => other.end(new Error('the model has been freed'))));
    const controller = new AbortController();
    let over;
    const ended = new Promise((resolve) => {
      over = resolve;
    });
    const end = (reason) => {
      controller.abort(reason);
      return ended;
    };
    running.set(id, { call, end, ended });
    /* Promises of the ends of the calls that use the model beside this one. */
    const others = () =>
      [...running.values()].filter((each) => each.ended !== ended && each.call !== 'free').map((each) => each.ended);
    try {
      const value = await host[call](args, {
        signal: controller.signal,
        emit: (chunk) => port.postMessage({ id, chunk }),
        others,
      });
      port.postMessage({ id, value });
    } catch (error) {
      const { name, message, code, offset, param, status } = error;
      port.postMessage({ id, error: { name, message: String(message ?? error), code, offset, param, status } });
    } finally {
      running.delete(id);
      over();
      if (!running.size) host.idle();
    }
  };
}
