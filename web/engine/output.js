/* How a model writes reasoning and tool calls, and a reader that turns what it has written into events. */
import { textOf, utf8 } from './binding.js';

/**
 * @import { FormatDescription, OutputEvent } from '../engine.js'
 * @import { Engine } from './engine.js'
 */

const EVENT_BYTES = 32; // struct qn_event
/** By qn_event_kind. @type {OutputEvent['kind'][]} */
const KINDS = ['text', 'reasoning', 'call', 'arguments', 'callEnd', 'callInvalid'];
const NO_CALL = 1;
const INCOMPLETE = 2;

export class Format {
  #address;

  /**
   * @param {Engine} engine
   * @param {number} address
   */
  constructor(engine, address) {
    this.engine = engine;
    this.#address = address;
    const { binding } = engine;
    const bytes = binding.read(1024, 1, (at, capacity) => binding.exports.qn_format_text(address, at, capacity));
    /** @type {FormatDescription} */
    this.description = JSON.parse(textOf(bytes));
  }

  /**
   * @param {{ prompt?: string, tools?: object[] }} [options]
   */
  output({ prompt = '', tools } = {}) {
    const { binding } = this.engine;
    const address = binding.withBytes(utf8(prompt), (at, length) =>
      binding.withBytes(utf8(tools ? JSON.stringify(tools) : ''), (list, bytes) =>
        binding.exports.qn_output_new(this.#address, at, length, list, bytes),
      ),
    );
    return new Output(this.engine, binding.handle(address));
  }

  free() {
    this.engine.exports.qn_format_free(this.#address);
  }
}

export class Output {
  #engine;
  #address;

  /**
   * @param {Engine} engine
   * @param {number} address
   */
  constructor(engine, address) {
    this.#engine = engine;
    this.#address = address;
  }

  /**
   * @param {string | Uint8Array} text
   * @param {boolean} [control] the text is the name of a control token
   */
  push(text, control = false) {
    const { binding } = this.#engine;
    return this.#events(
      binding.withBytes(utf8(text), (at, length) =>
        binding.exports.qn_output_push(this.#address, at, length, control ? 1 : 0),
      ),
    );
  }

  end() {
    return this.#events(this.#engine.exports.qn_output_end(this.#address));
  }

  /**
   * @param {number} count
   * @returns {OutputEvent[]}
   */
  #events(count) {
    const { binding } = this.#engine;
    binding.check(count);
    return Array.from({ length: count }, (_, index) => {
      const event = binding.struct(
        EVENT_BYTES,
        (at) => binding.exports.qn_output_event(this.#address, index, at),
        (view, word) => ({
          text: binding.text(word(0), word(1)),
          kind: KINDS[view.getUint32(16, true)],
          noCall: (view.getUint32(20, true) & NO_CALL) !== 0,
          incomplete: (view.getUint32(20, true) & INCOMPLETE) !== 0,
          call: view.getUint32(24, true),
        }),
      );
      return /** @type {OutputEvent} */ (event);
    });
  }

  free() {
    this.#engine.exports.qn_output_free(this.#address);
  }
}
