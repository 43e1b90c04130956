/* Cuts text at the first stop string, however tokens split it. */

export class StopText {
  #stops;
  #held = '';
  stopped = false;

  /** @param {string[]} stops */
  constructor(stops) {
    this.#stops = stops.filter(Boolean);
  }

  /**
   * Adds text and returns what can be shown: everything except an end that may be the start of a stop string.
   * @param {string} text
   */
  push(text) {
    if (this.stopped) return '';
    this.#held += text;
    const found = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0);
    if (found.length) {
      this.stopped = true;
      return this.#take(Math.min(...found));
    }
    let keep = 0;
    for (const stop of this.#stops) {
      for (let n = Math.min(stop.length - 1, this.#held.length); n > keep; n--) {
        if (this.#held.endsWith(stop.slice(0, n))) keep = n;
      }
    }
    return this.#take(this.#held.length - keep);
  }

  /** The text that was held back, when no more will come. */
  flush() {
    return this.stopped ? '' : this.#take(this.#held.length);
  }

  /** @param {number} count */
  #take(count) {
    const text = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    return text;
  }
}
