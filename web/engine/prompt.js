/* A rendered chat template: its text, and its tokens. */
import { textOf } from './binding.js';

/**
 * @import { Engine } from './engine.js'
 * @import { Model } from './model.js'
 */

export class Prompt {
  #address;

  /**
   * @param {Engine} engine
   * @param {number} address
   */
  constructor(engine, address) {
    this.engine = engine;
    this.#address = address;
  }

  get bytes() {
    const { binding } = this.engine;
    return binding.read(4096, 1, (at, capacity) => binding.exports.qn_prompt_text(this.#address, at, capacity));
  }

  get text() {
    return textOf(this.bytes);
  }

  /** @param {Model} model */
  tokens(model) {
    const { binding } = this.engine;
    return binding.readTokens(this.bytes.length + 16, (at, capacity) =>
      binding.exports.qn_prompt_tokens(model.address, this.#address, at, capacity),
    );
  }

  free() {
    this.engine.binding.exports.qn_prompt_free(this.#address);
  }
}
