/* A compiled grammar: the texts that a session may write. */
import { utf8 } from './binding.js';

/**
 * @import { GrammarOptions, Notation } from '../engine.js'
 * @import { Engine } from './engine.js'
 * @import { Model } from './model.js'
 */

/** Values of qn_notation in include/quern.h. @type {Notation[]} */
const NOTATIONS = ['schema', 'gbnf', 'regex'];
const WHITE_SPACE = 1;
const IGNORE_FORMAT = 2;

export class Grammar {
  /**
   * @param {Engine} engine
   * @param {Model | null} model
   * @param {Notation} notation
   * @param {string} text
   * @param {GrammarOptions} [options]
   */
  constructor(engine, model, notation, text, { whiteSpace = false, ignoreFormat = false } = {}) {
    if (!NOTATIONS.includes(notation))
      throw new TypeError(`the notation of a grammar is ${NOTATIONS.join(', ')}, not ${notation}`);
    this.engine = engine;
    const { binding, exports } = engine;
    const flags = (whiteSpace ? WHITE_SPACE : 0) | (ignoreFormat ? IGNORE_FORMAT : 0);
    this.address = binding.withBytes(utf8(text), (at, bytes) =>
      binding.handle(exports.qn_grammar_new(model?.address ?? 0, NOTATIONS.indexOf(notation), at, bytes, flags)),
    );
  }

  get isEmpty() {
    return this.engine.exports.qn_grammar_is_empty(this.address) !== 0;
  }

  /** @param {string | Uint8Array} text */
  accepts(text) {
    const { binding, exports } = this.engine;
    return binding.withBytes(
      utf8(text),
      (at, bytes) => binding.check(exports.qn_grammar_accepts(this.address, at, bytes)) === 1,
    );
  }

  free() {
    this.engine.exports.qn_grammar_free(this.address);
  }
}
