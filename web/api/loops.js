/* Detects answers that repeat one phrase again and again: the same tokens, or the same words with other spaces,
 * punctuation or numbers of list items between them. */

const MAX_PERIOD = 256; // tokens or words of the longest phrase that is detected
/* Copies of the phrase, one directly after another, and tokens or words of all copies together, so that short lists, rows
 * of a table and refrains do not count. */
const TOKENS = { copies: 4, least: 64 };
const WORDS = { copies: 3, least: 24 };

/** @template T */
class Repetition {
  /** @type {T[]} */
  #units = [];
  /** @type {number[]} */
  #starts = [];
  /** By period: how many of the last units equal the unit one period before. */
  #runs = new Uint32Array(MAX_PERIOD + 1);

  /** @param {{ copies: number, least: number }} limits */
  constructor({ copies, least }) {
    this.copies = copies;
    this.least = least;
  }

  /**
   * Adds a unit, which starts at a character of the text. If the text now ends with copies of a phrase, returns the phrase
   * and the character at which the second copy starts.
   * @param {T} unit
   * @param {number} start
   * @returns {{ phrase: T[], start: number } | undefined}
   */
  push(unit, start) {
    const units = this.#units;
    const runs = this.#runs;
    const last = units.push(unit) - 1;
    this.#starts.push(start);
    let found = 0;
    for (let period = 1; period <= Math.min(MAX_PERIOD, last); period++) {
      runs[period] = units[last - period] === unit ? runs[period] + 1 : 0;
      const all = runs[period] + period;
      if (!found && all >= this.copies * period && all >= this.least) found = period;
    }
    if (found) return { phrase: units.slice(-found), start: this.#starts[last + 1 - runs[found]] };
  }
}

/* Words and numbers, and the markers of list items, which are not words. */
const UNIT = /\n[^\S\n]*\p{N}+[.)]|[\p{L}\p{M}\p{N}]+/gu;

class WordRepetition {
  /** @type {Repetition<string>} */
  #words = new Repetition(WORDS);
  #rest = '\n'; // what follows the last complete word; a text starts like a line
  #at = -1; // the character at which the rest starts

  /**
   * Adds text. If it now ends with copies of a phrase, returns the character at which the second copy starts.
   * @param {string} text
   */
  push(text) {
    this.#rest += text;
    let end = 0;
    let found;
    for (const { 0: unit, index } of this.#rest.matchAll(UNIT)) {
      const isComplete = index + unit.length < this.#rest.length;
      if (unit.startsWith('\n') || !isComplete) continue;
      const space = this.#rest.slice(end, index).search(/\s/);
      const start = this.#at + (space < 0 ? index : end + space);
      const loop = this.#words.push(unit.toLowerCase(), start);
      if (loop?.phrase.some((word) => /\p{L}/u.test(word))) found = loop.start;
      end = index + unit.length;
    }
    this.#rest = this.#rest.slice(end);
    this.#at += end;
    return found;
  }
}

export class LoopDetector {
  /** @type {Repetition<number>} */
  #tokens = new Repetition(TOKENS);
  #words = new WordRepetition();
  #length = 0; // characters

  /**
   * Adds a token of the answer and the text that it completes. If the answer now ends with copies of one phrase, returns
   * the character at which the second copy starts.
   * @param {number} id
   * @param {string} text
   */
  push(id, text) {
    const words = this.#words.push(text);
    const tokens = this.#tokens.push(id, this.#length)?.start;
    this.#length += text.length;
    return words ?? tokens;
  }
}
