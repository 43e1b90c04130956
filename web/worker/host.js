/* The engine with one model behind calls: in a dedicated worker of a page, or in Node's thread. Each public method is a
 * call; it takes its arguments as a list, and a CallContext. */
import { chatTemplateOf } from '../api/chat-format.js';
import { chat, complete } from '../api/completions.js';
import { Conversation } from '../api/conversation.js';
import { embed } from '../api/embeddings.js';
import { samplingNote } from '../api/file-sampling.js';
import { RequestError, requireVocabulary } from '../api/requests.js';
import { textLimitOf } from '../api/text-limit.js';
import { STATUS } from '../engine/constants.js';
import { isNode } from '../runtime/node.js';
import { spawnByPage } from '../runtime/threads.js';
import { tune } from '../runtime/tune.js';
import { openSource } from '../sources/index.js';
import { keepSession, resumeSession, SessionError } from '../store/sessions.js';
import { yielder } from './event-loop.js';
import { Loading, readTensors } from './loading.js';
import { needsMemory64, startEngine } from './start.js';
import { readStream } from './stream-port.js';

/**
 * @import { SpawnThread } from '../engine.js'
 * @import * as types from '../index.js'
 * @import { EmbedOptions, Inputs } from '../api/embeddings.js'
 * @import { Engine } from '../engine/engine.js'
 * @import { Model } from '../engine/model.js'
 * @import { Session } from '../engine/session.js'
 * @import { Choice } from '../runtime/choose.js'
 * @import { Source, SourceDescription } from '../sources/index.js'
 * @import { Port } from './link.js'
 *
 * @typedef {object} CallContext
 * @property {AbortSignal} signal
 * @property {(chunk: any) => void} emit sends a chunk of the answer
 * @property {() => Promise<void>[]} others the ends of the other running calls
 *
 * threadsByPage: the page starts the threads. wasm: the address of the modules' folder.
 * @typedef {Omit<types.LoadOptions, 'wasm' | 'headers'> & { wasm?: string, headers?: Record<string, string>,
 *   threadsByPage?: boolean }} HostOptions
 */

/**
 * Chromium never frees a worker and its memory if it is ended while its own workers are ending; no event reports when
 * they have ended.
 */
const WORKERS_END_MS = 200;

/**
 * The string value of a metadata key; '' if there is none.
 * @param {Model} model
 * @param {string} wanted
 */
function metadataText(model, wanted) {
  for (const { key, bytes } of model.metadata(1 << 12)) if (key === wanted) return new TextDecoder().decode(bytes);
  return '';
}

/**
 * A token's text, or its bytes if they are not whole characters.
 * @param {Model} model
 * @param {number} id
 */
function pieceOf(model, id) {
  const bytes = model.detokenize([id], { showSpecial: true });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes);
  }
}

/**
 * Deletes the stored copy of what is no GGUF file, or damaged.
 * @param {Source} source
 * @param {any} error why it is invalid
 * @param {CallContext['emit']} emit
 */
async function dropInvalid(source, error, emit) {
  if (source.doubt) error.message += `; ${source.doubt}`;
  if ((await source.dropFor(error)) && source.from === 'store')
    emit({ note: 'the stored copy was no valid model and has been deleted: load it again' });
}

/**
 * A description whose stream can be read here: from a page it comes as a port.
 * @param {SourceDescription} described
 * @returns {SourceDescription}
 */
function withStream(described) {
  const stream = /** @type {unknown} */ ('stream' in described && described.stream);
  return stream instanceof MessagePort ? { ...described, stream: readStream(stream) } : described;
}

/**
 * What a trial found, for onNote.
 * @param {number | undefined} given the number of threads that the caller chose
 * @param {number} most threads that were started
 * @param {{ threads: number, order: types.ModelInfo['weightOrder'] }} found
 */
function tuningNote(given, most, { threads, order }) {
  const notes = [];
  if (given === undefined && threads < most)
    notes.push(`${threads} of ${most} threads in use: more were not faster in a short trial`);
  if (given === undefined && threads === most)
    notes.push(`all ${most} threads in use: fewer were slower in a short trial`);
  if (order !== 'distant') notes.push('weights are loaded ahead: that was faster in a short trial');
  return notes.join('; ');
}

export class Host {
  #port;
  /** What starts threads, if not this worker. @type {SpawnThread | undefined} */
  #spawn;
  #yield = yielder();
  #loading = new Loading();
  /** @type {Engine | undefined} */
  #engine;
  /** @type {Model | undefined} */
  #model;
  /** None for an encoder. @type {Conversation | undefined} */
  #conversation;
  #name = '';
  #contextSize = 0;
  #startedThreads = 1;
  #threads = 1; // in use
  /** The order in which the weights are read. @type {types.ModelInfo['weightOrder']} */
  #order = 'distant';
  /** What the caller chose, so that it needs no trial. @type {{ threads?: number, order?: types.ModelInfo['weightOrder'] }} */
  #given = {};
  #tuned = true; // false: how many threads and which order are best is not known yet
  /** @type {Map<number, Session>} */
  #sessions = new Map();
  #nextSession = 1;
  /** @type {Promise<void> | null} */
  #freed = null;

  /** @param {Port} port */
  constructor(port) {
    this.#port = port;
  }

  /**
   * Between two steps: lets messages in, or waits until more of the model has arrived.
   * @param {boolean} waiting
   * @param {AbortSignal} [signal]
   */
  #pause = (waiting, signal) => (waiting ? this.#loading.next(signal) : this.#yield());

  /** The model that calls use. */
  get #loaded() {
    if (this.#model) return this.#model;
    throw new Error('no model has been loaded');
  }

  /** The model, which must have a vocabulary. */
  get #texts() {
    requireVocabulary(this.#loaded);
    return this.#loaded;
  }

  /** The part that generates text. */
  get #writer() {
    if (this.#conversation) {
      requireVocabulary(this.#loaded);
      return this.#conversation;
    }
    throw new RequestError(
      'the model is an encoder: it computes embeddings (embed, embeddings.create) and generates no text',
      'model',
      'unsupported_model',
    );
  }

  /**
   * Loads the model. With the option `early`, {info} is emitted as soon as the model can be used, while its tensors
   * arrive.
   * @param {[SourceDescription, HostOptions]} args
   * @param {CallContext} context
   */
  async load([described, options], { signal, emit, others }) {
    const start = performance.now();
    if (options.threadsByPage) this.#spawn = spawnByPage(this.#port);
    const source = await openSource(withStream(described), {
      ...options,
      signal,
      onProgress: (progress) => emit({ progress }),
      onNote: (note) => emit({ note }),
    });
    try {
      const info = await this.#open(source, options, emit);
      if (options.early) emit({ info });
      await this.#read(source, options);
      if (!others().length) this.idle();
      return { ...info, ...this.#news(), loadMs: performance.now() - start };
    } catch (error) {
      this.#loading.end(error);
      if (error.code === STATUS.format) await dropInvalid(source, error, emit);
      await Promise.all(others());
      await this.free();
      throw error;
    } finally {
      await source.close();
    }
  }

  /**
   * Starts the engine and reads the model's directory.
   * @param {Source} source
   * @param {HostOptions} options
   * @param {CallContext['emit']} emit
   */
  async #open(source, options, emit) {
    const { build, engine } = await startEngine(options, await needsMemory64(options, source), this.#spawn);
    if (build.advice) emit({ note: `${build.reason}; ${build.advice}` });
    this.#engine = engine;
    this.#threads = this.#startedThreads = build.threads;
    const threads = build.threads === 1 || options.threads !== undefined ? build.threads : undefined;
    this.#given = { threads, order: options.weightOrder };
    this.#tuned = threads !== undefined && options.weightOrder !== undefined;
    this.#model = await engine.openDirectory(source);
    this.#model.place();
    this.#order = options.weightOrder ?? this.#order;
    this.#model.useOrder(this.#order);
    return this.#use(this.#model, build, { options, source, emit });
  }

  /**
   * Reads the model's tensors.
   * @param {Source} source
   * @param {HostOptions} options
   */
  async #read(source, options) {
    const arrived = () => {
      this.#loading.arrived();
      return this.#yield();
    };
    await (options.early ? readTensors(this.#loaded, source, arrived) : this.#loaded.read(source, arrived));
    await source.finish();
    this.#loading.end();
  }

  /**
   * Prepares for calls, and describes the model.
   * @param {Model} model
   * @param {Choice} build
   * @param {{ options: HostOptions, source: Source, emit: CallContext['emit'] }} loading
   * @returns {types.ModelInfo}
   */
  #use(model, build, { options, source, emit }) {
    if (options.nfc) model.useNfc(true);
    this.#name = metadataText(model, 'general.name') || source.splits[0].name;
    if (model.isEncoder) {
      this.#contextSize = Math.min(options.contextSize ?? Infinity, model.contextSize);
    } else {
      const { contextSize, overflow } = options;
      const { template, note } = chatTemplateOf(model, options.template);
      for (const each of [note, samplingNote(model)]) if (each) emit({ note: each });
      this.#conversation = new Conversation(model, { contextSize, overflow, template, pause: this.#pause });
      this.#contextSize = this.#conversation.contextSize;
    }
    return {
      name: this.#name,
      contextSize: this.#contextSize,
      from: source.from,
      build: build.name,
      reason: build.reason,
      advice: build.advice,
      vocabSize: model.vocabSize,
      textLimit: textLimitOf(model, this.#contextSize),
      encoder: model.isEncoder,
      embeddingSize: model.embeddingSize,
      sampling: model.recommended.settings,
      plan: model.plan(this.#contextSize),
      ...this.#news(),
      loadMs: 0,
    };
  }

  /** The fields of a model's info that may change. */
  #news() {
    const { memory } = this.#loaded.engine;
    return {
      memoryBytes: memory.buffer.byteLength,
      threads: this.#threads,
      weightOrder: this.#order,
      tuning: !this.#tuned && this.#given.threads === undefined,
    };
  }

  /** No call is running: time for a trial of how the model runs fastest, which would slow a call down. */
  idle() {
    if (this.#tuned) return;
    const most = this.#startedThreads;
    const found = tune(this.#loaded.engine, this.#loaded, { started: most, ...this.#given });
    this.#threads = found.threads;
    this.#order = found.order;
    this.#tuned = true;
    const note = tuningNote(this.#given.threads, most, found);
    this.#port.postMessage({ news: this.#news(), ...(note && { note }) });
  }

  /**
   * @param {AsyncIterable<unknown>} chunks
   * @param {CallContext['emit']} emit
   */
  async #stream(chunks, emit) {
    for await (const chunk of chunks) emit(chunk);
    return this.#news();
  }

  /**
   * @param {[types.ChatRequest]} args
   * @param {CallContext} context
   */
  chat([request], { signal, emit }) {
    return this.#stream(chat(this.#writer, request, { name: this.#name, signal, onProgress: emit }), emit);
  }
  /**
   * @param {[types.CompletionRequest]} args
   * @param {CallContext} context
   */
  complete([request], { signal, emit }) {
    return this.#stream(complete(this.#writer, request, { name: this.#name, signal, onProgress: emit }), emit);
  }
  /**
   * @param {[Inputs, EmbedOptions]} args
   * @param {CallContext} context
   */
  embed([inputs, options], { signal }) {
    return embed(this.#loaded, inputs, { ...options, signal, pause: this.#pause });
  }
  /** @param {Parameters<Model['tokenize']>} args */
  tokenize([text, options]) {
    return this.#texts.tokenize(text, options);
  }
  /** @param {[types.TokenIds, { showSpecial?: boolean, continues?: boolean, bytes?: boolean }?]} args */
  detokenize([ids, options]) {
    const bytes = this.#texts.detokenize(ids, options);
    return options?.bytes ? bytes : new TextDecoder().decode(bytes);
  }
  /** @param {[number[]]} args */
  pieces([ids]) {
    return ids.map((id) => pieceOf(this.#texts, id));
  }
  /** @param {[types.ChatMessage[], Record<string, unknown>?]} args */
  template([messages, variables]) {
    return this.#writer.template(messages, variables);
  }
  /** @param {[number]} args */
  isEnd([id]) {
    return this.#loaded.isEnd(id);
  }
  /**
   * @param {[string]} args
   * @param {CallContext} context
   */
  async chatKeep([name], { signal }) {
    const writer = this.#writer;
    await this.#loading.whole(signal);
    await writer.keep((session, ids) =>
      keepSession(name, () => session.save(), { model: this.#name, tokens: ids.length, ids }),
    );
  }
  /**
   * @param {[string]} args
   * @param {CallContext} context
   */
  async chatResume([name], { signal }) {
    const writer = this.#writer;
    await this.#loading.whole(signal);
    let tokens = 0;
    await writer.resume(async (session) => {
      const { ids } = await resumeSession(name, (pieces, record) => {
        if (!record.ids)
          throw new SessionError(
            `the session ${JSON.stringify(name)} was not kept by a chat: resume it with a session`,
            'refused',
          );
        tokens = record.ids.length;
        return session.restore(pieces);
      });
      return /** @type {number[]} */ (ids);
    });
    return tokens;
  }

  /** @param {number} id */
  #session(id) {
    const session = this.#sessions.get(id);
    if (!session) throw new Error('the session has been freed');
    return session;
  }
  /** @param {Session} session */
  #register(session) {
    const id = this.#nextSession++;
    this.#sessions.set(id, session);
    return id;
  }
  /** @param {[types.SessionOptions?]} args */
  sessionNew([{ contextSize, ...options } = {}]) {
    return this.#register(this.#loaded.session({ context: contextSize ?? this.#contextSize, ...options }));
  }
  /** @param {[number]} args */
  sessionFork([id]) {
    return this.#register(this.#session(id).fork());
  }
  /** @param {[number]} args */
  sessionFree([id]) {
    this.#sessions.get(id)?.free();
    this.#sessions.delete(id);
  }
  /**
   * @param {[number, types.TokenIds]} args
   * @param {CallContext} context
   */
  async sessionPrefill([id, ids], { signal }) {
    const session = this.#session(id);
    session.feed(ids);
    try {
      while (session.step()) {
        await this.#pause(session.waiting, signal);
        signal.throwIfAborted();
      }
    } catch (error) {
      session.rewind(session.position); // drops the queued tokens
      throw error;
    }
    return session.position;
  }
  /** @param {[number, types.Sampling?]} args */
  sessionSampling([id, settings]) {
    this.#session(id).sampling(settings);
  }
  /** @param {[number]} args */
  sessionSample([id]) {
    return this.#session(id).sample();
  }
  /** @param {[number]} args */
  sessionLogits([id]) {
    return this.#session(id).logits();
  }
  /** @param {[number]} args */
  sessionPosition([id]) {
    return this.#session(id).position;
  }
  /** @param {[number, number]} args */
  sessionRewind([id, position]) {
    this.#session(id).rewind(position);
  }
  /** @param {[number]} args */
  sessionSave([id]) {
    return new Blob([.../** @type {Iterable<Uint8Array<ArrayBuffer>>} */ (this.#session(id).save())]).arrayBuffer();
  }
  /** @param {[number, Uint8Array]} args */
  sessionRestore([id, bytes]) {
    return this.#session(id).restore([bytes]);
  }
  /**
   * @param {[number, string]} args
   * @param {CallContext} context
   */
  async sessionKeep([id, name], { signal }) {
    await this.#loading.whole(signal);
    const session = this.#session(id);
    await keepSession(name, () => session.save(), { model: this.#name, tokens: session.position });
  }
  /**
   * @param {[number, string]} args
   * @param {CallContext} context
   */
  async sessionResume([id, name], { signal }) {
    await this.#loading.whole(signal);
    const session = this.#session(id);
    await resumeSession(name, (pieces) => session.restore(pieces));
    return session.position;
  }

  free() {
    this.#freed ??= this.#free();
    return this.#freed;
  }

  async #free() {
    this.#tuned = true;
    for (const session of this.#sessions.values()) session.free();
    this.#conversation?.free();
    this.#model?.free();
    await this.#engine?.stop();
    if (this.#startedThreads > 1 && !isNode && !this.#spawn)
      await new Promise((resolve) => {
        setTimeout(resolve, WORKERS_END_MS);
      });
  }
}
