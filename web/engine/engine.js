/* The engine: one instance of a module, its memory and its threads. */
import { sharedMemory } from '../runtime/memory.js';
import { memoryImport, numberExports } from '../runtime/module-binary.js';
import { startThreads } from '../runtime/threads.js';
import { Binding, utf8 } from './binding.js';
import { Grammar } from './grammar.js';
import { Model } from './model.js';
import { Format } from './output.js';
import { Prompt } from './prompt.js';

/**
 * @import { GrammarOptions, LoadingOptions, ModuleExports, Notation, SplitSource, StartOptions } from '../engine.js'
 * @import { RunningThreads } from '../runtime/threads.js'
 */

export class Engine {
  /** @type {RunningThreads | null} */
  #threads = null;

  /**
   * Compiles a module and starts its threads.
   * @param {Uint8Array<ArrayBuffer>} wasm
   * @param {StartOptions} [options]
   */
  static async start(wasm, { threads = 1, spawn } = {}) {
    const module = await WebAssembly.compile(wasm);
    const limits = memoryImport(wasm);
    const memory = limits ? sharedMemory(limits) : undefined;
    const instance = await WebAssembly.instantiate(module, memory ? { env: { memory } } : {});
    const exports = /** @type {ModuleExports} */ (numberExports(wasm, instance.exports));
    const engine = new Engine(exports, memory ?? /** @type {WebAssembly.Memory} */ (instance.exports.memory));
    engine.binding.check(exports.qn_self_check()); /* throws if the host computes floats incorrectly */
    if (threads > 1)
      engine.#threads = await startThreads({
        module,
        memory: engine.memory,
        exports,
        threads,
        memory64: limits?.memory64,
        spawn,
      });
    return engine;
  }

  /**
   * @param {ModuleExports} exports
   * @param {WebAssembly.Memory} memory
   */
  constructor(exports, memory) {
    this.exports = exports;
    this.memory = memory;
    this.binding = new Binding(exports, memory);
  }

  async stop() {
    await this.#threads?.stop();
    this.#threads = null;
  }

  /** @param {number} threads */
  useThreads(threads) {
    this.binding.check(this.exports.qn_threads_use(threads));
  }

  get features() {
    const bits = this.exports.qn_features();
    return { simd128: !!(bits & 1), relaxed: !!(bits & 2), threads: !!(bits & 4), memory64: !!(bits & 8) };
  }

  /**
   * @param {SplitSource} source
   * @param {LoadingOptions} [options]
   */
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

  /**
   * @param {SplitSource} source
   * @param {Pick<LoadingOptions, 'onProgress'>} [options]
   */
  async openDirectory(source, { onProgress } = {}) {
    const model = new Model(this, this.binding.handle(this.exports.qn_model_open(BigInt(source.size))));
    try {
      await model.read(source, onProgress);
      return model;
    } catch (error) {
      model.free();
      throw error;
    }
  }

  /**
   * @param {Model | null} model
   * @param {object | string} context
   * @param {string | Uint8Array} [template]
   */
  prompt(model, context, template = '') {
    const variables = typeof context === 'string' ? context : JSON.stringify(context);
    const address = this.binding.withBytes(utf8(template), (at, length) =>
      this.binding.withBytes(utf8(variables), (json, bytes) =>
        this.exports.qn_prompt_render(model?.address ?? 0, at, length, json, bytes),
      ),
    );
    return new Prompt(this, this.binding.handle(address));
  }

  /**
   * @param {Model | null} model
   * @param {Notation} notation
   * @param {string} text
   * @param {GrammarOptions} [options]
   */
  grammar(model, notation, text, options) {
    return new Grammar(this, model, notation, text, options);
  }

  /**
   * @param {Model | null} model
   * @param {string | Uint8Array} [template]
   */
  format(model, template = '') {
    const address = this.binding.withBytes(utf8(template), (at, length) =>
      this.exports.qn_format_new(model?.address ?? 0, at, length),
    );
    return new Format(this, this.binding.handle(address));
  }
}
