/* A session: one sequence of tokens, its KV cache, its logits and its sampler. */
import { pointer, tokenBytes } from './binding.js';
import { LOGITS_LAST, POOLINGS, STATUS } from './constants.js';
import { QuernError } from './error.js';

/**
 * @import { Pooling } from '../engine.js'
 * @import { Sampling, TokenIds } from '../index.js'
 * @import { Grammar } from './grammar.js'
 * @import { Model } from './model.js'
 */

const SAMPLING_BYTES = 40; // struct qn_sampling
const BIAS_BYTES = 8; // struct qn_bias
const PIECE_BYTES = 1 << 20; // of a saved session
const RUN_TOKENS = 256; // of a forced run, at most
/** Fields of struct qn_sampling in order, all float32. */
const FLOATS = /** @type {const} */ ([
  'temperature',
  'topP',
  'minP',
  'repeatPenalty',
  'frequencyPenalty',
  'presencePenalty',
]);

/** The fields after these, all int32. */
const INTEGERS = /** @type {const} */ (['topK', 'penaltyLastN']);

export class Session {
  waiting = false;
  #address;

  /**
   * @param {Model} model
   * @param {number} address
   */
  constructor(model, address) {
    this.model = model;
    this.engine = model.engine;
    this.#address = address;
  }

  get #binding() {
    return this.engine.binding;
  }
  get #exports() {
    return this.engine.exports;
  }

  /** @param {Sampling} [settings] */
  sampling(settings = {}) {
    const recommended = this.model.recommended.settings;
    const { seed = null } = settings;
    const biases = Object.entries(settings.logitBias ?? {});
    this.#binding.withBuffer(SAMPLING_BYTES, (at) =>
      this.#binding.withBuffer(BIAS_BYTES * biases.length, (biasAt) => {
        this.#exports.qn_sampling_default(at);
        const view = new DataView(this.#binding.memory.buffer);
        FLOATS.forEach((name, i) => {
          const value = settings[name] ?? recommended[name] ?? null;
          if (value !== null) view.setFloat32(at + 4 * i, value, true);
        });
        INTEGERS.forEach((name, i) => {
          const value = settings[name] ?? recommended[name] ?? null;
          if (value !== null) view.setInt32(at + 24 + 4 * i, value, true);
        });
        if (seed !== null) view.setBigUint64(at + 32, BigInt.asUintN(64, BigInt(seed)), true);
        biases.forEach(([id, bias], i) => {
          view.setInt32(biasAt + BIAS_BYTES * i, Number(id), true);
          view.setFloat32(biasAt + BIAS_BYTES * i + 4, bias, true);
        });
        this.#binding.check(this.#exports.qn_session_sampling(this.#address, at, biasAt, biases.length));
      }),
    );
  }

  /**
   * @param {TokenIds} ids
   * @param {number} [logits]
   */
  feed(ids, logits = LOGITS_LAST) {
    this.#binding.withBytes(tokenBytes(ids), (at) =>
      this.#binding.check(this.#exports.qn_session_feed(this.#address, at, ids.length, logits)),
    );
  }

  /**
   * @param {TokenIds} ids
   * @param {{ pooling?: Pooling, normalize?: boolean }} [options]
   */
  embed(ids, { pooling = 'model', normalize = true } = {}) {
    const flag = normalize ? 1 : 0;
    this.#binding.withBytes(tokenBytes(ids), (at) =>
      this.#binding.check(this.#exports.qn_session_embed(this.#address, at, ids.length, POOLINGS[pooling], flag)),
    );
  }

  step() {
    const status = this.#binding.check(this.#exports.qn_session_step(this.#address));
    this.waiting = status === STATUS.wait;
    return status === STATUS.more || this.waiting;
  }

  get layers() {
    return this.#exports.qn_session_layers(this.#address);
  }
  get rows() {
    return this.#exports.qn_session_rows(this.#address);
  }
  get toRecompute() {
    return this.#exports.qn_session_to_recompute(this.#address);
  }
  get position() {
    return this.#exports.qn_session_position(this.#address);
  }

  logits(row = this.rows - 1) {
    return this.#row(this.#exports.qn_session_logits(this.#address, row), this.model.vocabSize);
  }
  embedding(row = this.rows - 1) {
    return this.#row(this.#exports.qn_session_embedding(this.#address, row), this.model.embeddingSize);
  }

  /**
   * A copy of a row of floats; null for a null address.
   * @param {number} address
   * @param {number} length
   */
  #row(address, length) {
    return address ? new Float32Array(this.#binding.memory.buffer, pointer(address), length).slice() : null;
  }

  get savedBytes() {
    return this.#binding.check(this.#exports.qn_session_save_bytes(this.#address));
  }

  *save(pieceBytes = PIECE_BYTES) {
    for (let offset = 0; ; ) {
      const piece = this.#binding.read(pieceBytes, 1, (at, capacity) =>
        this.#exports.qn_session_save(this.#address, BigInt(offset), at, capacity),
      );
      if (piece.length === 0) return;
      yield piece;
      offset += piece.length;
    }
  }

  /** @param {Iterable<Uint8Array> | AsyncIterable<Uint8Array>} pieces */
  async restore(pieces) {
    let offset = 0;
    let status = STATUS.more;
    for await (const piece of pieces) {
      for (let start = 0; start < piece.length; start += PIECE_BYTES) {
        const slice = piece.subarray(start, start + PIECE_BYTES);
        status = this.#binding.withBytes(slice, (at, length) =>
          this.#binding.check(this.#exports.qn_session_restore(this.#address, BigInt(offset), at, length)),
        );
        offset += slice.length;
      }
    }
    if (status === STATUS.more) throw new QuernError(`the saved session ends at byte ${offset}`, STATUS.format, offset);
  }

  fork() {
    return new Session(this.model, this.#binding.handle(this.#exports.qn_session_fork(this.#address)));
  }

  /** @param {number} position */
  rewind(position) {
    this.#binding.check(this.#exports.qn_session_rewind(this.#address, position));
  }

  /**
   * @param {Grammar | null} grammar
   * @param {TokenIds} [ids]
   */
  constrain(grammar, ids = []) {
    this.#binding.withBytes(tokenBytes(ids), (at) =>
      this.#binding.check(this.#exports.qn_session_constrain(this.#address, grammar?.address ?? 0, at, ids.length)),
    );
  }

  get constraint() {
    const bits = this.#binding.check(this.#exports.qn_session_constraint(this.#address));
    return { constrained: (bits & 1) !== 0, complete: (bits & 2) !== 0, finished: (bits & 4) !== 0 };
  }

  forced() {
    return this.#binding.readTokens(RUN_TOKENS, (at, capacity) =>
      this.#exports.qn_session_forced(this.#address, at, capacity),
    );
  }

  mask() {
    const words = Math.ceil(this.model.vocabSize / 32);
    const bytes = this.#binding.read(words, 4, (at, capacity) =>
      this.#exports.qn_session_mask(this.#address, at, capacity),
    );
    return bytes.length ? new Uint32Array(bytes.buffer) : null;
  }

  sample() {
    return this.#binding.check(this.#exports.qn_session_sample(this.#address));
  }

  free() {
    this.#exports.qn_session_free(this.#address);
  }
}
