/* Reads JSON that is still being written: any beginning of a JSON text gives the part of its value that is certain. */

const STRING = /(?:[^"\\]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y;
const NUMBER = /-?[\d.eE+-]*/y;
const LITERAL = /[a-z]+/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const MAX_DEPTH = 200;

/* The text between quotation marks; as it is, if JSON does not allow it. */
function unescaped(text) {
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return text; // a line break, for example
  }
}

class Reader {
  constructor(text, complete) {
    this.text = text;
    this.complete = complete;
    this.at = 0;
    this.depth = 0;
  }

  /* The characters that match next. */
  take(pattern) {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [''];
    this.at += found.length;
    return found;
  }

  /* Whether a character comes next; skips it. White space before it is skipped, too. */
  skip(character) {
    this.take(SPACE);
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  value() {
    this.take(SPACE);
    const next = this.text[this.at];
    if (next === undefined || this.depth >= MAX_DEPTH) return undefined;
    if (next === '"') return this.string();
    if (/[-\d]/.test(next)) return this.number();
    if (next !== '{' && next !== '[') return this.literal();
    this.depth++;
    const node = next === '{' ? this.object() : this.array();
    this.depth--;
    return node;
  }

  /* An escape or a character that has only begun is left out. */
  string() {
    this.at++;
    const value = unescaped(this.take(STRING));
    const done = this.text[this.at] === '"';
    this.at = done ? this.at + 1 : this.text.length;
    return { type: 'string', value: done ? value : value.replace(/[\uD800-\uDBFF]$/, ''), done };
  }

  /* A number may go on until something follows it. */
  number() {
    const value = this.take(NUMBER);
    return { type: 'number', value, done: this.at < this.text.length || this.complete };
  }

  literal() {
    const word = this.take(LITERAL);
    if (LITERALS.has(word)) return { type: 'literal', value: LITERALS.get(word), done: true };
    this.at = this.text.length;
    return undefined;
  }

  /* A name without a value yet has the value undefined. */
  object() {
    this.at++;
    const entries = [];
    while (!this.skip('}')) {
      if (this.text[this.at] !== '"') return { type: 'object', entries, done: false };
      const name = this.string();
      if (!name.done) return { type: 'object', entries, done: false };
      const value = this.skip(':') ? this.value() : undefined;
      entries.push([name.value, value]);
      if (!value?.done) return { type: 'object', entries, done: false };
      this.skip(',');
    }
    return { type: 'object', entries, done: true };
  }

  array() {
    this.at++;
    const items = [];
    while (!this.skip(']')) {
      const value = this.value();
      if (value) items.push(value);
      if (!value?.done) return { type: 'array', items, done: false };
      this.skip(',');
    }
    return { type: 'array', items, done: true };
  }
}

/* The value that a text begins, as nodes; undefined if there is none yet. `complete`: nothing follows the text.
 * { type: 'object', entries: [[name, node]] }, { type: 'array', items: [node] }, { type: 'string', value: text so far },
 * { type: 'number', value: as it is written } or { type: 'literal', value: true, false or null }; each with `done`. */
export const readPartial = (text, complete = false) => new Reader(text, complete).value();
