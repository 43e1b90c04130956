/* The engine's exports as classes, for any JavaScript host: include/quern.h is their manual. Nothing here is specific
 * to Node or to browsers. */
import { memoryImport, numberExports, sharedMemory } from './runtime/memory.js';
import { startThreads } from './runtime/threads.js';

const MORE = 1;
const WAIT = 2;
const FORMAT = -2;
const NO_OFFSET = 0xffffffffffffffffn;
const CHUNK = 16 << 20;
const SAVED_CHUNK = 1 << 20;
const ADD_SPECIAL = 1;
const PARSE_SPECIAL = 2;
const SHOW_SPECIAL = 1;
export const LOGITS_NONE = 0;
export const LOGITS_LAST = 1;
export const LOGITS_ALL = 2;
export const POOLINGS = { model: -1, none: 0, mean: 1, cls: 2, last: 3 };

/* An address as JavaScript gets it: 32-bit ones come as signed numbers. */
const pointer = (address) => (address < 0 ? address >>> 0 : address);

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const bytesOf = (text) => (typeof text === 'string' ? encoder.encode(text) : text);

/* What the engine says: one line of text, the qn_status, and the byte's offset in the file or template, or null. */
export class QuernError extends Error {
  constructor(text, code, offset) {
    super(text);
    this.name = 'QuernError';
    this.code = code;
    this.offset = offset;
  }
}

export class Engine {
  #threads = null;

  /* wasm: a Uint8Array of the module's bytes. threads > 1 needs a threaded module. */
  static async start(wasm, { threads = 1, spawn } = {}) {
    const module = await WebAssembly.compile(wasm);
    const limits = memoryImport(wasm);
    const memory = limits ? sharedMemory(limits) : undefined;
    const instance = await WebAssembly.instantiate(module, memory ? { env: { memory } } : {});
    const exports = numberExports(wasm, instance.exports);
    const engine = new Engine(exports, memory ?? exports.memory);
    if (threads > 1)
      engine.#threads = await startThreads({ module, memory, exports, threads, wide: limits?.wide, spawn });
    return engine;
  }

  constructor(exports, memory) {
    this.exports = exports;
    this.memory = memory;
  }

  /* Ends the workers. Sessions must have been freed. */
  async stop() {
    await this.#threads?.stop();
    this.#threads = null;
  }

  /* So many of the threads that were started take part from now on. */
  useThreads(threads) {
    this.check(this.exports.qn_threads_use(threads));
  }

  get features() {
    const bits = this.exports.qn_features();
    return { simd128: !!(bits & 1), relaxed: !!(bits & 2), threads: !!(bits & 4), wide: !!(bits & 8) };
  }

  bytes(address, length) {
    return new Uint8Array(this.memory.buffer, Number(address), Number(length));
  }

  text(address, length) {
    return decoder.decode(this.bytes(address, length).slice());
  }

  error() {
    const at = pointer(this.exports.qn_last_error());
    const view = new DataView(this.memory.buffer, at);
    const offset = view.getBigUint64(8, true);
    return new QuernError(
      this.text(at + 16, view.getUint32(4, true)),
      view.getInt32(0, true),
      offset === NO_OFFSET ? null : Number(offset),
    );
  }

  /* Throws for a negative status or count and for a null handle. */
  check(result) {
    if (result < 0) throw this.error();
    return Number(result);
  }

  handle(address) {
    if (!address) throw this.error();
    return pointer(address);
  }

  /* Gives `use` the address of room for `length` bytes, and frees it afterwards. */
  withRoom(length, use) {
    const address = this.handle(this.exports.qn_alloc(length));
    try {
      return use(address);
    } finally {
      this.exports.qn_free(address);
    }
  }

  withBytes(bytes, use) {
    return this.withRoom(bytes.length, (address) => {
      this.bytes(address, bytes.length).set(bytes);
      return use(address, bytes.length);
    });
  }

  /* Calls fill(address, capacity), which returns how much there is in all, again with more room if it was too little. */
  filled(capacity, size, fill) {
    for (;;) {
      const result = this.withRoom(capacity * size, (address) => {
        const count = this.check(fill(address, capacity));
        return count > capacity ? count : { bytes: this.bytes(address, count * size).slice() };
      });
      if (typeof result === 'object') return result.bytes;
      capacity = result;
    }
  }

  tokensFrom(text, call) {
    const bytes = this.filled(text.length + 16, 4, call);
    return Array.from(new Int32Array(bytes.buffer));
  }

  /* A source has `size` (0: not known) and read(bytes, offset, part), which fills bytes from that offset of the file and
   * returns or resolves to how many it wrote; 0 at the end. part counts from 0: a model can be in several files.
   * onProgress(loaded, total) is called, and awaited, as bytes come. */
  async loadModel(source, { onProgress, onPlan } = {}) {
    const model = await this.openDirectory(source, { onProgress });
    try {
      onPlan?.(model);
      model.place();
      await model.read(source, onProgress);
      return model;
    } catch (error) {
      model.free();
      throw error;
    }
  }

  /* Reads header, metadata and tensor directory only: enough for tokens, templates and a plan. */
  async openDirectory(source, { onProgress } = {}) {
    const model = new Model(this, this.handle(this.exports.qn_model_open(BigInt(source.size))));
    try {
      await model.read(source, onProgress);
      return model;
    } catch (error) {
      model.free();
      throw error;
    }
  }

  /* Renders a chat template over `context`, its variables: an object, or the JSON of one, a string. model may be null when
   * `template`, a string or bytes, is given. */
  prompt(model, context, template = '') {
    const variables = typeof context === 'string' ? context : JSON.stringify(context);
    const address = this.withBytes(bytesOf(template), (at, length) =>
      this.withBytes(encoder.encode(variables), (json, bytes) =>
        this.exports.qn_prompt_render(model?.address ?? 0, at, length, json, bytes),
      ),
    );
    return new Prompt(this, this.handle(address));
  }
}

export class Prompt {
  constructor(engine, address) {
    this.engine = engine;
    this.address = address;
  }
  get bytes() {
    return this.engine.filled(4096, 1, (at, capacity) =>
      this.engine.exports.qn_prompt_text(this.address, at, capacity),
    );
  }
  get text() {
    return decoder.decode(this.bytes);
  }
  tokens(model) {
    return this.engine.tokensFrom(this.bytes, (at, capacity) =>
      this.engine.exports.qn_prompt_tokens(model.address, this.address, at, capacity),
    );
  }
  free() {
    this.engine.exports.qn_prompt_free(this.address);
  }
}

const VALUE_BYTES = 48;
const TENSOR_BYTES = 72;
const CACHES = ['f16', 'q8_0'];
const PLAN = [
  'fileBytes',
  'tensorBytes',
  'metadataBytes',
  'kvPageBytes',
  'kvPageTokens',
  'kvBytes',
  'scratchBytes',
  'totalBytes',
];

export class Model {
  constructor(engine, address) {
    this.engine = engine;
    this.address = address;
  }

  /* Feeds the engine what it wants next, straight into linear memory, until it wants no more. */
  async read(source, onProgress) {
    const { engine } = this;
    const want = engine.handle(engine.exports.qn_alloc(32));
    try {
      while (engine.check(engine.exports.qn_model_want(this.address, want)) === MORE) {
        const view = new DataView(engine.memory.buffer, want);
        const offset = Number(view.getBigUint64(0, true));
        const length = Math.min(Number(view.getBigUint64(8, true)), CHUNK);
        const address = Number(view.getBigUint64(16, true));
        const part = Number(view.getBigUint64(24, true));
        const got = await source.read(engine.bytes(address, length), offset, part);
        engine.check(engine.exports.qn_model_wrote(this.address, BigInt(got)));
        await onProgress?.(offset + got, source.size);
      }
    } finally {
      engine.exports.qn_free(want);
    }
  }

  /* Takes the memory for the tensors. Sessions can be made from then on. */
  place() {
    this.engine.check(this.engine.exports.qn_model_place(this.address));
  }

  /* {offset, bytes, address, part} of each tensor, in the order in which a pass over the layers needs them. Bytes of a part
   * that lie between its tensors can be written too. Once placed. */
  *needs() {
    const { engine } = this;
    for (let i = 0; ; i++) {
      const need = engine.withRoom(32, (at) => {
        if (engine.exports.qn_model_need(this.address, i, at) < 0) return null;
        const view = new DataView(engine.memory.buffer, at);
        const [offset, bytes, address, part] = [0, 8, 16, 24].map((k) => Number(view.getBigUint64(k, true)));
        return { offset, bytes, address, part };
      });
      if (!need) return;
      yield need;
    }
  }

  /* So many bytes from that offset of a part have been written where needs() says; 0: the file ends there. */
  wroteAt(part, offset, bytes) {
    this.engine.check(this.engine.exports.qn_model_wrote_at(this.address, part, BigInt(offset), BigInt(bytes)));
  }

  /* The form of the KV cache in plans and sessions from now on: 'f16', or 'q8_0' of about half the bytes. */
  useCache(form) {
    if (!CACHES.includes(form)) throw new TypeError(`the KV cache is ${CACHES.join(' or ')}, not ${form}`);
    this.engine.check(this.engine.exports.qn_model_cache(this.address, CACHES.indexOf(form)));
  }

  get vocabSize() {
    return this.engine.exports.qn_model_vocab_size(this.address);
  }
  get contextSize() {
    return this.engine.exports.qn_model_context_size(this.address);
  }
  get embeddingSize() {
    return this.engine.exports.qn_model_embedding_size(this.address);
  }
  /* As the file names it: 'none', 'mean', 'cls', 'last', 'model' when it names none, undefined for another. */
  get pooling() {
    const number = this.engine.exports.qn_model_pooling(this.address);
    return Object.keys(POOLINGS).find((name) => POOLINGS[name] === number);
  }
  /* Whether it gives embeddings only. */
  get isEncoder() {
    return this.engine.exports.qn_model_is_encoder(this.address) !== 0;
  }

  plan(context = 0, batch = 0) {
    const { engine } = this;
    return engine.withRoom(72, (at) => {
      engine.check(engine.exports.qn_model_plan(this.address, context, batch, at));
      const view = new DataView(engine.memory.buffer, at);
      const plan = Object.fromEntries(PLAN.map((name, i) => [name, Number(view.getBigUint64(8 * i, true))]));
      return { ...plan, context: view.getUint32(64, true), batch: view.getUint32(68, true) };
    });
  }

  /* {key, type, elementType, count, bytes} in file order; bytes are a copy, at most `most` of them. */
  *metadata(most = Infinity) {
    const { engine } = this;
    for (let i = 0; ; i++) {
      const entry = engine.withRoom(VALUE_BYTES, (at) => {
        if (engine.exports.qn_model_metadata(this.address, i, at) < 0) return null;
        const view = new DataView(engine.memory.buffer, at);
        const word = (k) => Number(view.getBigUint64(8 * k, true));
        return {
          key: engine.text(word(0), word(1)),
          bytes: engine.bytes(word(2), Math.min(word(3), most)).slice(),
          count: word(4),
          type: view.getUint32(40, true),
          elementType: view.getUint32(44, true),
        };
      });
      if (!entry) return;
      yield entry;
    }
  }

  /* {name, shape, offset, bytes, type} in file order. */
  *tensors() {
    const { engine } = this;
    for (let i = 0; ; i++) {
      const entry = engine.withRoom(TENSOR_BYTES, (at) => {
        if (engine.exports.qn_model_tensor(this.address, i, at) < 0) return null;
        const view = new DataView(engine.memory.buffer, at);
        const word = (k) => Number(view.getBigUint64(8 * k, true));
        const shape = [2, 3, 4, 5].map(word).slice(0, view.getUint32(64, true));
        return {
          name: engine.text(word(0), word(1)),
          shape,
          offset: word(6),
          bytes: word(7),
          type: view.getUint32(68, true),
        };
      });
      if (!entry) return;
      yield entry;
    }
  }

  /* text: a string, or a Uint8Array of UTF-8 that need not be valid. */
  tokenize(text, { addSpecial = true, parseSpecial = true } = {}) {
    const { engine } = this;
    const bytes = bytesOf(text);
    const flags = (addSpecial ? ADD_SPECIAL : 0) | (parseSpecial ? PARSE_SPECIAL : 0);
    return engine.withBytes(bytes, (at, length) =>
      engine.tokensFrom(bytes, (ids, capacity) =>
        engine.exports.qn_tokenize(this.address, at, length, flags, ids, capacity),
      ),
    );
  }

  /* Bytes: tokens of a model can make text that is not valid UTF-8. */
  detokenize(ids, { showSpecial = false } = {}) {
    const { engine } = this;
    return engine.withBytes(new Uint8Array(Int32Array.from(ids).buffer), (at) =>
      engine.filled(ids.length * 16 + 64, 1, (text, capacity) =>
        engine.exports.qn_detokenize(this.address, at, ids.length, showSpecial ? SHOW_SPECIAL : 0, text, capacity),
      ),
    );
  }

  isEnd(id) {
    return this.engine.exports.qn_token_is_end(this.address, id) !== 0;
  }

  /* Text of tokens as they come, whole characters only. */
  streamDecoder() {
    return new StreamDecoder(this);
  }

  session({ context = 0, batch = 0 } = {}) {
    return new Session(this, this.engine.handle(this.engine.exports.qn_session_new(this.address, context, batch)));
  }

  free() {
    this.engine.exports.qn_model_free(this.address);
  }
}

export class StreamDecoder {
  constructor(model) {
    this.model = model;
    this.state = new Uint8Array(16);
  }
  /* The text that is whole once `id` has followed the others; id -1 flushes. */
  push(id) {
    const { engine } = this.model;
    const before = this.state;
    const text = engine.filled(256, 1, (at, capacity) =>
      engine.withBytes(before, (decoderAt) => {
        const count = engine.exports.qn_piece(this.model.address, decoderAt, id, 0, at, capacity);
        this.state = engine.bytes(decoderAt, 16).slice();
        return count;
      }),
    );
    return decoder.decode(text);
  }
  flush() {
    return this.push(-1);
  }
}

const SAMPLING_BYTES = 40;

export class Session {
  waiting = false;

  constructor(model, address) {
    this.model = model;
    this.engine = model.engine;
    this.address = address;
  }

  /* Settings that are left out have their defaults: see qn_sampling in include/quern.h. */
  sampling(settings = {}) {
    const { engine } = this;
    const biases = Object.entries(settings.logitBias ?? {});
    engine.withRoom(SAMPLING_BYTES, (at) =>
      engine.withRoom(8 * biases.length, (biasAt) => {
        engine.exports.qn_sampling_default(at);
        const view = new DataView(engine.memory.buffer);
        const floats = ['temperature', 'topP', 'minP', 'repeatPenalty', 'frequencyPenalty', 'presencePenalty'];
        floats.forEach((name, i) => {
          if (settings[name] !== undefined) view.setFloat32(at + 4 * i, settings[name], true);
        });
        if (settings.topK !== undefined) view.setInt32(at + 24, settings.topK, true);
        if (settings.penaltyLastN !== undefined) view.setInt32(at + 28, settings.penaltyLastN, true);
        if (settings.seed !== undefined) view.setBigUint64(at + 32, BigInt.asUintN(64, BigInt(settings.seed)), true);
        biases.forEach(([id, bias], i) => {
          view.setInt32(biasAt + 8 * i, Number(id), true);
          view.setFloat32(biasAt + 8 * i + 4, bias, true);
        });
        engine.check(engine.exports.qn_session_sampling(this.address, at, biasAt, biases.length));
      }),
    );
  }

  feed(ids, logits = LOGITS_LAST) {
    const { engine } = this;
    engine.withBytes(new Uint8Array(Int32Array.from(ids).buffer), (at) =>
      engine.check(engine.exports.qn_session_feed(this.address, at, ids.length, logits)),
    );
  }

  /* Starts anew with ids, a whole input, for its embedding: step() until it is false. With pooling 'none' rows come with each
   * step, else one with the last. */
  embed(ids, { pooling = 'model', normalize = true } = {}) {
    const { engine } = this;
    engine.withBytes(new Uint8Array(Int32Array.from(ids).buffer), (at) =>
      engine.check(engine.exports.qn_session_embed(this.address, at, ids.length, POOLINGS[pooling], normalize ? 1 : 0)),
    );
  }

  /* A copy of a row of embeddings. */
  embedding(row = this.rows - 1) {
    const at = pointer(this.engine.exports.qn_session_embedding(this.address, row));
    return at ? new Float32Array(this.engine.memory.buffer, at, this.model.embeddingSize).slice() : null;
  }

  /* One bounded piece of work; true while more is left. `waiting` then says whether that has to wait for tensors. */
  step() {
    const status = this.engine.check(this.engine.exports.qn_session_step(this.address));
    this.waiting = status === WAIT;
    return status === MORE || this.waiting;
  }

  /* Layers that are done of the micro-batch under way. */
  get layers() {
    return this.engine.exports.qn_session_layers(this.address);
  }
  get rows() {
    return this.engine.exports.qn_session_rows(this.address);
  }
  get position() {
    return this.engine.exports.qn_session_position(this.address);
  }

  /* A copy of a row of logits. */
  logits(row = this.rows - 1) {
    const at = pointer(this.engine.exports.qn_session_logits(this.address, row));
    return at ? new Float32Array(this.engine.memory.buffer, at, this.model.vocabSize).slice() : null;
  }

  /* Bytes of the saved form as the session is now, and the form in pieces: write each one before the next is taken. */
  get savedBytes() {
    return this.engine.check(this.engine.exports.qn_session_save_bytes(this.address));
  }
  *save(most = SAVED_CHUNK) {
    const { engine } = this;
    for (let offset = 0; ; ) {
      const piece = engine.filled(most, 1, (at, capacity) =>
        engine.exports.qn_session_save(this.address, BigInt(offset), at, capacity),
      );
      if (piece.length === 0) return;
      yield piece;
      offset += piece.length;
    }
  }

  /* Takes in a saved form: `pieces` is an iterable or asynchronous iterable of Uint8Arrays, in order; the first has 256
   * bytes at least. */
  async restore(pieces) {
    const { engine } = this;
    let offset = 0;
    let status = MORE;
    for await (const piece of pieces) {
      for (let start = 0; start < piece.length; start += SAVED_CHUNK) {
        const part = piece.subarray(start, start + SAVED_CHUNK);
        status = engine.withBytes(part, (at, length) =>
          engine.check(engine.exports.qn_session_restore(this.address, BigInt(offset), at, length)),
        );
        offset += part.length;
      }
    }
    if (status === MORE) throw new QuernError(`the saved session ends at byte ${offset}`, FORMAT, offset);
  }

  /* Another session with the same tokens, cache, logits and sampler. */
  fork() {
    return new Session(this.model, this.engine.handle(this.engine.exports.qn_session_fork(this.address)));
  }

  rewind(position) {
    this.engine.check(this.engine.exports.qn_session_rewind(this.address, position));
  }
  sample() {
    return this.engine.check(this.engine.exports.qn_session_sample(this.address));
  }
  free() {
    this.engine.exports.qn_session_free(this.address);
  }
}
