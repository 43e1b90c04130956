/* A model: its bytes as they arrive, what its file says, and its tokenizer. */
import { textOf, tokenBytes, utf8 } from './binding.js';
import { POOLINGS, STATUS, WEIGHT_ORDERS } from './constants.js';
import { Session } from './session.js';

/**
 * @import { CacheType, LoadingOptions, Need, Pooling, SplitSource, WeightOrder } from '../engine.js'
 * @import { Plan, Sampling, TokenIds } from '../index.js'
 * @import { Engine } from './engine.js'
 *
 * What a file says about sampling.
 * @typedef {{ settings: Sampling, unsupported: boolean, error: string | null }} Recommended
 */

const MAX_READ_BYTES = 16 << 20; // of one read() of a source
const ADD_SPECIAL = 1;
const PARSE_SPECIAL = 2;
const NFC = 4;
const SHOW_SPECIAL = 1;
const CONTINUES = 2;
const WANT_BYTES = 32; // struct qn_want
const NEED_BYTES = 32; // struct qn_need
const PLAN_BYTES = 72; // struct qn_plan
const VALUE_BYTES = 48; // struct qn_value
const TENSOR_BYTES = 72; // struct qn_tensor
const DECODER_BYTES = 16; // struct qn_decoder
const DECODER_STARTED = 12; // offset of its field `started`

const SAMPLING_BYTES = 40; // struct qn_sampling
const SAMPLING_OTHER = 64; // of qn_sampling_field
/** Fields of struct qn_sampling that a file can recommend: the bit of qn_sampling_field, the offset, the type. */
const RECOMMENDED = /** @type {const} */ ([
  ['temperature', 1, 0, 'f32'],
  ['topP', 2, 4, 'f32'],
  ['minP', 4, 8, 'f32'],
  ['repeatPenalty', 8, 12, 'f32'],
  ['topK', 16, 24, 'i32'],
  ['penaltyLastN', 32, 28, 'i32'],
]);

/** @type {CacheType[]} */
const CACHE_TYPES = ['f16', 'q8_0'];

export class Model {
  /** Once it has been read. @type {Recommended | undefined} */
  #recommended;
  /** Once it has been looked for. @type {number | undefined} */
  #longestToken;

  /**
   * @param {Engine} engine
   * @param {number} address
   */
  constructor(engine, address) {
    this.engine = engine;
    this.address = address;
  }

  /**
   * @param {SplitSource} source
   * @param {LoadingOptions['onProgress']} [onProgress]
   */
  async read(source, onProgress) {
    const { binding, exports } = this.engine;
    const want = binding.handle(exports.qn_alloc(WANT_BYTES));
    try {
      while (binding.check(exports.qn_model_want(this.address, want)) === STATUS.more) {
        const view = new DataView(binding.memory.buffer, want);
        const [offset, bytes, address, split] = [0, 8, 16, 24].map((at) => Number(view.getBigUint64(at, true)));
        const target = binding.bytes(address, Math.min(bytes, MAX_READ_BYTES));
        const count = await source.read(target, offset, split);
        binding.check(exports.qn_model_wrote(this.address, BigInt(count)));
        await onProgress?.(offset + count, source.size);
      }
    } finally {
      exports.qn_free(want);
    }
  }

  place() {
    this.engine.binding.check(this.engine.exports.qn_model_place(this.address));
  }

  /** @returns {Generator<Need, void, undefined>} */
  *needs() {
    const { binding, exports } = this.engine;
    for (let i = 0; ; i++) {
      const need = binding.struct(
        NEED_BYTES,
        (at) => exports.qn_model_need(this.address, i, at),
        (_, word) => ({ offset: word(0), bytes: word(1), address: word(2), split: word(3) }),
      );
      if (!need) return;
      yield need;
    }
  }

  /**
   * @param {number} split
   * @param {number} offset
   * @param {number} bytes
   */
  wroteAt(split, offset, bytes) {
    const { binding, exports } = this.engine;
    binding.check(exports.qn_model_wrote_at(this.address, split, BigInt(offset), BigInt(bytes)));
  }

  /** @param {CacheType} type */
  useCache(type) {
    if (!CACHE_TYPES.includes(type)) throw new TypeError(`the KV cache is ${CACHE_TYPES.join(' or ')}, not ${type}`);
    this.engine.binding.check(this.engine.exports.qn_model_cache(this.address, CACHE_TYPES.indexOf(type)));
  }

  /**
   * Sets the order in which a step of one token, or a few, reads the weights.
   * @param {WeightOrder} order
   */
  useOrder(order) {
    if (!WEIGHT_ORDERS.includes(order))
      throw new TypeError(`the order of reading weights is ${WEIGHT_ORDERS.join(' or ')}, not ${order}`);
    this.engine.binding.check(this.engine.exports.qn_model_order(this.address, WEIGHT_ORDERS.indexOf(order)));
  }

  /** @param {boolean} on */
  useNfc(on) {
    this.engine.exports.qn_model_nfc(this.address, on ? 1 : 0);
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
  get pooling() {
    const number = this.engine.exports.qn_model_pooling(this.address);
    const names = /** @type {Pooling[]} */ (Object.keys(POOLINGS));
    return names.find((name) => POOLINGS[name] === number);
  }
  get hasVocabulary() {
    try {
      this.tokenize('');
      return true;
    } catch {
      return false;
    }
  }
  get isEncoder() {
    return this.engine.exports.qn_model_is_encoder(this.address) !== 0;
  }
  get isRecurrent() {
    return this.engine.exports.qn_model_is_recurrent(this.address) !== 0;
  }

  get recommended() {
    this.#recommended ??= this.#readRecommended();
    return this.#recommended;
  }

  /** @returns {Recommended} */
  #readRecommended() {
    const { binding, exports } = this.engine;
    return binding.withBuffer(SAMPLING_BYTES, (at) => {
      const bits = exports.qn_model_sampling(this.address, at);
      if (bits < 0) return { settings: {}, unsupported: false, error: binding.error().message };
      const view = new DataView(binding.memory.buffer, at);
      const fields = RECOMMENDED.filter(([, bit]) => bits & bit).map(([name, , offset, type]) => {
        // 7 digits tell all float32 of a file apart that were written as decimal numbers
        const value =
          type === 'f32' ? Number(view.getFloat32(offset, true).toPrecision(7)) : view.getInt32(offset, true);
        return [name, value];
      });
      return { settings: Object.fromEntries(fields), unsupported: (bits & SAMPLING_OTHER) !== 0, error: null };
    });
  }

  /**
   * @param {number} [context]
   * @param {number} [batch]
   * @returns {Plan}
   */
  plan(context = 0, batch = 0) {
    const { binding, exports } = this.engine;
    const plan = binding.struct(
      PLAN_BYTES,
      (at) => binding.check(exports.qn_model_plan(this.address, context, batch, at)),
      (view, word) => ({
        fileBytes: word(0),
        tensorBytes: word(1),
        metadataBytes: word(2),
        kvPageBytes: word(3),
        kvPageTokens: word(4),
        kvBytes: word(5),
        scratchBytes: word(6),
        totalBytes: word(7),
        context: view.getUint32(64, true),
        batch: view.getUint32(68, true),
      }),
    );
    return /** @type {Plan} */ (plan);
  }

  /**
   * @param {number} index
   * @param {number} maxBytes
   */
  #metadataAt(index, maxBytes) {
    const { binding, exports } = this.engine;
    return binding.struct(
      VALUE_BYTES,
      (at) => exports.qn_model_metadata(this.address, index, at),
      (view, word) => ({
        key: binding.text(word(0), word(1)),
        bytes: binding.bytes(word(2), Math.min(word(3), maxBytes)).slice(),
        count: word(4),
        type: view.getUint32(40, true),
        elementType: view.getUint32(44, true),
      }),
    );
  }

  /** @param {number} [maxBytes] */
  *metadata(maxBytes = Infinity) {
    for (let i = 0; ; i++) {
      const entry = this.#metadataAt(i, maxBytes);
      if (!entry) return;
      yield entry;
    }
  }

  /** Bytes of the longest token as the file writes it, which is at least as long as its text; 0 without a vocabulary. */
  get longestToken() {
    this.#longestToken ??= this.#findLongestToken();
    return this.#longestToken;
  }

  #findLongestToken() {
    const index = [...this.metadata(0)].findIndex(({ key }) => key === 'tokenizer.ggml.tokens');
    const entry = index < 0 ? null : this.#metadataAt(index, Infinity);
    if (!entry) return 0;
    const view = new DataView(entry.bytes.buffer);
    let longest = 0;
    for (let at = 0, i = 0; i < entry.count; i++) {
      const bytes = Number(view.getBigUint64(at, true));
      longest = Math.max(longest, bytes);
      at += 8 + bytes;
    }
    return longest;
  }

  *tensors() {
    const { binding, exports } = this.engine;
    for (let i = 0; ; i++) {
      const entry = binding.struct(
        TENSOR_BYTES,
        (at) => exports.qn_model_tensor(this.address, i, at),
        (view, word) => ({
          name: binding.text(word(0), word(1)),
          shape: [2, 3, 4, 5].map(word).slice(0, view.getUint32(64, true)),
          offset: word(6),
          bytes: word(7),
          type: view.getUint32(68, true),
        }),
      );
      if (!entry) return;
      yield entry;
    }
  }

  /**
   * @param {string | Uint8Array} text
   * @param {{ addSpecial?: boolean, parseSpecial?: boolean, nfc?: boolean }} [options]
   */
  tokenize(text, { addSpecial = true, parseSpecial = true, nfc = false } = {}) {
    const { binding, exports } = this.engine;
    const bytes = utf8(text);
    const flags = (addSpecial ? ADD_SPECIAL : 0) | (parseSpecial ? PARSE_SPECIAL : 0) | (nfc ? NFC : 0);
    return binding.withBytes(bytes, (at, length) =>
      binding.readTokens(bytes.length + 16, (ids, capacity) =>
        exports.qn_tokenize(this.address, at, length, flags, ids, capacity),
      ),
    );
  }

  /** @param {string | Uint8Array} text */
  promptTokens(text) {
    const [begin] = this.tokenize('');
    const ids = this.tokenize(text);
    return begin !== undefined && ids[0] === begin && ids[1] === begin ? ids.slice(1) : ids;
  }

  /**
   * @param {TokenIds} ids
   * @param {{ showSpecial?: boolean, continues?: boolean }} [options]
   */
  detokenize(ids, { showSpecial = false, continues = false } = {}) {
    const { binding, exports } = this.engine;
    const flags = (showSpecial ? SHOW_SPECIAL : 0) | (continues ? CONTINUES : 0);
    return binding.withBytes(tokenBytes(ids), (at) =>
      binding.read(ids.length * 16 + 64, 1, (text, capacity) =>
        exports.qn_detokenize(this.address, at, ids.length, flags, text, capacity),
      ),
    );
  }

  /** @param {number} id */
  isEnd(id) {
    return this.engine.exports.qn_token_is_end(this.address, id) !== 0;
  }

  /** @param {{ continues?: boolean, showSpecial?: boolean }} [options] */
  streamDecoder({ continues = false, showSpecial = false } = {}) {
    return new StreamDecoder(this, continues, showSpecial);
  }

  /** @param {{ context?: number, batch?: number }} [options] */
  session({ context = 0, batch = 0 } = {}) {
    const { binding, exports } = this.engine;
    return new Session(this, binding.handle(exports.qn_session_new(this.address, context, batch)));
  }

  free() {
    this.engine.exports.qn_model_free(this.address);
  }
}

export class StreamDecoder {
  #model;
  #flags;
  #state = new Uint8Array(DECODER_BYTES);

  /**
   * @param {Model} model
   * @param {boolean} continues
   * @param {boolean} showSpecial
   */
  constructor(model, continues, showSpecial) {
    this.#model = model;
    this.#flags = showSpecial ? SHOW_SPECIAL : 0;
    this.#state[DECODER_STARTED] = continues ? 1 : 0;
  }

  /** @param {number} id */
  push(id) {
    const { binding, exports } = this.#model.engine;
    const before = this.#state;
    const text = binding.read(256, 1, (at, capacity) =>
      binding.withBytes(before, (state) => {
        const count = exports.qn_piece(this.#model.address, state, id, this.#flags, at, capacity);
        this.#state = binding.bytes(state, DECODER_BYTES).slice();
        return count;
      }),
    );
    return textOf(text);
  }

  flush() {
    return this.push(-1);
  }
}
