/* The grammar that --json-schema, --grammar or --regex name. */
import { existsSync } from 'node:fs';
import { readText } from './files.js';
import { UsageError } from './options.js';

const fileText = (path) => new TextDecoder().decode(readText(path));

/* The text of a schema: a file, or JSON itself. */
function schemaText(given) {
  const isJson = /^\s*(\{|true|false)/.test(given) && !existsSync(given);
  return isJson ? given : fileText(given);
}

/* The options that name a grammar: the notation, and how their value becomes its text. */
const NOTATIONS = {
  'json-schema': { notation: 'schema', read: schemaText },
  schema: { notation: 'schema', read: schemaText },
  grammar: { notation: 'gbnf', read: fileText },
  regex: { notation: 'regex', read: (text) => text },
};

/* {notation, text} that the options name; null if they name none. */
export function grammarTextOf(options) {
  const names = Object.keys(NOTATIONS).filter((name) => options[name] !== undefined);
  if (names.length > 1) throw new UsageError(`--${names[0]} and --${names[1]} exclude each other`);
  if (names.length === 0) return null;
  const { notation, read } = NOTATIONS[names[0]];
  return { notation, text: read(options[names[0]]) };
}

/* The compiled grammar; null if the options name none. model may be null, see quern/engine. */
export function grammarOf(engine, model, options) {
  const found = grammarTextOf(options);
  if (!found) return null;
  try {
    return engine.grammar(model, found.notation, found.text, { whiteSpace: options['white-space'] });
  } catch (error) {
    const at = error.offset === null || found.notation === 'schema' ? '' : ` (byte ${error.offset})`;
    throw new Error(`${error.message}${at}`, { cause: error });
  }
}

/* Measures masks. The start is the time that compiling the grammar and making the first mask take together. */
export class MaskClock {
  #times = [];
  #compiled = 0;
  #first = -1; /* not measured yet */

  /* Measures compile(). */
  compiling(compile) {
    const before = performance.now();
    const grammar = compile();
    this.#compiled = performance.now() - before;
    return grammar;
  }

  /* Makes the next mask of a session. */
  measure(session) {
    const before = performance.now();
    session.mask();
    const time = performance.now() - before;
    if (this.#first < 0) this.#first = this.#compiled + time;
    else this.#times.push(1000 * time);
  }

  #percentile(share) {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] : 0;
  }

  get summary() {
    return {
      start_ms: Math.max(this.#first, 0),
      masks: this.#times.length + (this.#first < 0 ? 0 : 1),
      p50_us: this.#percentile(0.5),
      p99_us: this.#percentile(0.99),
    };
  }

  toString() {
    const { start_ms: start, masks, p50_us: p50, p99_us: p99 } = this.summary;
    return `${masks} masks: first after ${start.toFixed(2)} ms, p50 ${p50.toFixed(0)} µs, p99 ${p99.toFixed(0)} µs`;
  }
}
