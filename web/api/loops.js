/* Detects answers that repeat one phrase again and again. */

const MAX_PERIOD = 256; // tokens of the longest phrase that is detected
const MIN_COPIES = 4; // of the phrase, one directly after another
const MIN_TOKENS = 64; // of all copies together, so that short lists and rows of a table do not count

export class LoopDetector {
  /** @type {number[]} */
  #ids = [];
  /** By period: how many of the last tokens equal the token one period before. */
  #runs = new Uint32Array(MAX_PERIOD + 1);

  /**
   * Adds a token of the answer. Returns whether the answer ends with copies of one phrase.
   * @param {number} id
   */
  push(id) {
    const ids = this.#ids;
    const runs = this.#runs;
    ids.push(id);
    let found = false;
    for (let period = 1; period <= Math.min(MAX_PERIOD, ids.length - 1); period++) {
      runs[period] = ids[ids.length - 1 - period] === id ? runs[period] + 1 : 0;
      const tokens = runs[period] + period;
      if (tokens >= MIN_COPIES * period && tokens >= MIN_TOKENS) found = true;
    }
    return found;
  }
}
