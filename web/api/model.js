/* A loaded model and its sessions as a page sees them: each method is a call to the worker that runs the engine. */
import { bytesOf } from '../sources/bytes.js';
import { collect } from './collect.js';
import { createEmbeddings, inputsOf } from './embeddings.js';
import { runTools } from './tool-loop.js';

/**
 * @import * as types from '../index.js'
 * @import { Pooling } from '../engine.js'
 * @import { Link } from '../worker/link.js'
 */

export class Session {
  #link;
  #id;

  /**
   * @param {Link} link
   * @param {number} id
   */
  constructor(link, id) {
    this.#link = link;
    this.#id = id;
  }

  /**
   * @param {types.TokenIds} ids
   * @param {types.CallOptions} [options]
   */
  prefill(ids, { signal } = {}) {
    return this.#link.call('sessionPrefill', [this.#id, ids], { signal });
  }
  /** @param {number} id */
  step(id) {
    return this.prefill([id]);
  }
  /** @param {types.Sampling} [settings] */
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
  /** @param {number} position */
  rewind(position) {
    return this.#link.call('sessionRewind', [this.#id, position]);
  }
  save() {
    return this.#link.call('sessionSave', [this.#id]);
  }
  /** @param {ArrayBuffer | ArrayBufferView} bytes */
  async restore(bytes) {
    const saved = bytesOf(bytes);
    if (!saved) throw new TypeError(`restore() takes the ArrayBuffer of save(), or a view of it, not ${bytes}`);
    return this.#link.call('sessionRestore', [this.#id, saved]);
  }
  /** @param {string} name */
  keep(name) {
    return this.#link.call('sessionKeep', [this.#id, name]);
  }
  /** @param {string} name */
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

export class Model {
  #link;

  /**
   * @param {Link} link
   * @param {types.ModelInfo} info
   * @param {Promise<types.ModelInfo>} loaded
   */
  constructor(link, info, loaded) {
    this.#link = link;
    this.info = info;
    this.loaded = loaded;
    /** @param {'chat' | 'complete'} name of the call */
    const create =
      (name) =>
      /**
       * @param {types.ChatRequest | types.CompletionRequest} request
       * @param {types.GenerateOptions} [options]
       * @returns {Promise<any>}
       */
      async (request, options = {}) => {
        const chunks = link.stream(name, request, options, (news) => Object.assign(info, news));
        return request.stream ? chunks : collect(chunks);
      };
    const createChat = create('chat');
    this.chat = {
      completions: { create: createChat },
      /**
       * @param {Parameters<typeof runTools>[1]} request
       * @param {types.ToolRunOptions} [options]
       */
      run: (request, options) => runTools(createChat, request, options),
      /** @param {string} name */
      keep: (name) => link.call('chatKeep', [name]),
      /** @param {string} name */
      resume: (name) => link.call('chatResume', [name]),
    };
    this.completions = { create: create('complete') };
    this.embeddings = {
      /**
       * @param {types.EmbeddingRequest} request
       * @param {types.CallOptions} [options]
       */
      create: (request, { signal } = {}) =>
        createEmbeddings(request, info.name, (inputs, options) => link.call('embed', [inputs, options], { signal })),
    };
  }

  /**
   * @param {types.EmbeddingInput | types.EmbeddingInput[]} input
   * @param {types.CallOptions & { pooling?: Pooling, normalize?: boolean }} [options]
   * @returns {Promise<any>}
   */
  async embed(input, { pooling, normalize, signal } = {}) {
    const inputs = inputsOf(input);
    const { rows, pooled } = await this.#link.call('embed', [inputs, { pooling, normalize }], { signal });
    const values = pooled ? rows.map((/** @type {Float32Array[]} */ [row]) => row) : rows;
    return inputs === input ? values : values[0];
  }

  /**
   * @param {string | Uint8Array} text
   * @param {{ addSpecial?: boolean, parseSpecial?: boolean, nfc?: boolean }} [options]
   */
  tokenize(text, options) {
    return this.#link.call('tokenize', [text, options]);
  }
  /**
   * @param {types.TokenIds} ids
   * @param {{ showSpecial?: boolean, continues?: boolean, bytes?: boolean }} [options]
   * @returns {Promise<any>}
   */
  detokenize(ids, options) {
    return this.#link.call('detokenize', [ids, options]);
  }
  /** @param {number[]} ids */
  pieces(ids) {
    return this.#link.call('pieces', [ids]);
  }
  /**
   * @param {types.ChatMessage[]} messages
   * @param {Record<string, unknown>} [variables]
   */
  template(messages, variables) {
    return this.#link.call('template', [messages, variables]);
  }
  /** @param {number} id */
  isEnd(id) {
    return this.#link.call('isEnd', [id]);
  }
  /** @param {types.SessionOptions} [options] */
  async session(options) {
    return new Session(this.#link, await this.#link.call('sessionNew', [options]));
  }

  async free() {
    await this.#link.call('free').catch((error) => {
      if (!this.#link.ended) throw error; // if loading failed, the worker has ended already
    });
    this.#link.end();
  }
}
