/* The grammars of calls, for the forms of calls that grammars can follow. */
import { argumentsSchema, callSchema, toolError } from './call-schema.js';
import { RequestError } from './requests.js';

/**
 * @import { Format } from '../engine.js'
 * @import { Grammar } from '../engine/grammar.js'
 * @import { Model } from '../engine/model.js'
 * @import { Tool } from './call-schema.js'
 */

const HOLE = '\0'; // in a marker: what differs between calls

/**
 * Whether grammars can follow the calls of a format: a marker starts them, and their arguments are a JSON object. Of a
 * name before JSON, the marker must be a tag (gpt-oss writes its marker in more than one way).
 * @param {Format['description']} description
 */
export function areFollowed({ calls, open }) {
  if (open.includes(HOLE)) return false;
  return calls === 'json' ? /^[<[]/.test(open) : ['object', 'named'].includes(String(calls)) && open !== '';
}

/**
 * A marker in GBNF. Control tokens stand for themselves.
 * @param {Model} model
 * @param {string} marker
 */
function markerRule(model, marker) {
  /** @param {string} text */
  const rule = (text) =>
    model.tokenize(text, { addSpecial: false, parseSpecial: true }).map((id) => {
      const bytes = model.detokenize([id], { continues: true });
      return bytes.length ? [...bytes] : `<[${id}]>`;
    });
  const whole = marker.startsWith('```') ? `\n${marker}\n` : marker; // of a block of code; markers come without them
  const parts = whole.split(HOLE).map((part) => {
    /** @type {string[]} */
    const terms = [];
    /** @type {number[]} */
    let text = [];
    const end = () => {
      if (text.length) terms.push(JSON.stringify(new TextDecoder().decode(new Uint8Array(text))));
      text = [];
    };
    for (const piece of rule(part)) {
      if (typeof piece === 'string') {
        end();
        terms.push(piece);
      } else text.push(...piece);
    }
    end();
    return terms.join(' ');
  });
  return parts.join(' [A-Za-z0-9]{1,40} ');
}

/**
 * GBNF of the names of tools, with what follows a name.
 * @param {Model} model
 * @param {Tool[]} tools
 * @param {string} afterName
 */
const namesGrammar = (model, tools, afterName) =>
  `root ::= (${tools.map((tool) => JSON.stringify(tool.function.name)).join(' | ')}) ${markerRule(model, afterName)}`;

export class CallGrammars {
  #tools;
  /** @type {Grammar | undefined} */
  #start;
  /** By tool. Empty if `start` includes the arguments. @type {Grammar[]} */
  #arguments = [];
  #inArguments = false;

  /**
   * Throws a RequestError for parameters that cannot be enforced.
   * @param {Model} model
   * @param {Tool[]} tools
   * @param {Format['description']} description
   */
  constructor(model, tools, description) {
    this.#tools = tools;
    const apart = description.calls === 'json';
    /**
     * @param {'schema' | 'gbnf'} notation
     * @param {string} text
     */
    const compile = (notation, text) => {
      const grammar = model.engine.grammar(model, notation, text);
      if (!grammar.isEmpty) return grammar;
      grammar.free();
      throw new RequestError('tools: no call conforms to the parameters', 'tools');
    };
    try {
      for (const tool of apart ? tools : []) this.#arguments.push(compile('schema', argumentsSchema(tool)));
      this.#start = apart
        ? compile('gbnf', namesGrammar(model, tools, String(description.after_name)))
        : compile('schema', callSchema(tools, description));
    } catch (error) {
      const tool = apart ? tools[this.#arguments.length] : undefined;
      this.free();
      if (error.name !== 'QuernError') throw error;
      throw toolError(error.message, tools, description, tool);
    }
  }

  /** The grammar at the start of a call. */
  first() {
    this.#inArguments = false;
    return /** @type {Grammar} */ (this.#start);
  }

  /**
   * The grammar that follows a complete one; null: the call is complete.
   * @param {string} text of the call so far
   */
  next(text) {
    if (this.#inArguments || this.#arguments.length === 0) return null;
    this.#inArguments = true;
    const lengths = this.#tools.map(({ function: { name } }) => (text.startsWith(name) ? name.length : 0));
    return this.#arguments[lengths.indexOf(Math.max(...lengths))];
  }

  free() {
    for (const each of [this.#start, ...this.#arguments.splice(0)]) each?.free();
    this.#start = undefined;
  }
}
