/* Text up to a stop string, whichever way the tokens cut it. */
export class StopText {
  #stops;
  #held = '';
  stopped = false;

  constructor(stops) {
    this.#stops = stops.filter(Boolean);
  }

  /* What can be shown once `text` has come: nothing that may be the beginning of a stop string. */
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

  /* The rest, when no more comes. */
  flush() {
    return this.stopped ? '' : this.#take(this.#held.length);
  }

  #take(count) {
    const text = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    return text;
  }
}
