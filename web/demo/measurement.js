/* Measures a loaded model: rounds of a prompt and of passes over a few tokens. */
import { ratesResult, rowsResult } from './rates.js';

const PROMPT = 256; // tokens, as in docs/performance.csv
const GENERATE = 64; // tokens of each kind of pass in a round
const ROWS = [1, 2, 4, 8, 16]; // tokens of a pass

/* Speed does not depend on the tokens. */
const someTokens = (count, vocabulary) => Array.from({ length: count }, (_, at) => (7919 * (at + 1)) % vocabulary);

export class Measurement {
  #session;
  #ids;
  rounds = []; // as in rates.js

  /* signal: stops it; onPart(name, share) is called before each part of a round, `share` of the way through it. */
  constructor(model, { signal, onPart }) {
    this.model = model;
    this.signal = signal;
    this.onPart = onPart;
    this.prompt = Math.min(PROMPT, model.info.contextSize);
    this.generate = Math.min(GENERATE, model.info.contextSize);
    this.rows = ROWS.filter((k) => k <= this.generate);
  }

  async open() {
    this.#ids = someTokens(this.prompt, this.model.info.vocabSize);
    this.#session = await this.model.session({ contextSize: this.prompt });
  }

  /* The seconds that `count` tokens take, `each` of them in one pass. */
  async #seconds(count, each) {
    await this.#session.rewind(0);
    const start = performance.now();
    for (let at = 0; at < count; at += each)
      await this.#session.prefill(this.#ids.slice(at, at + each), { signal: this.signal });
    return (performance.now() - start) / 1000;
  }

  async #round() {
    const { prompt, generate, rows } = this;
    this.onPart(`a prompt of ${prompt} tokens`, 0);
    const prefill_s = await this.#seconds(prompt, prompt);
    const pass_s = [];
    for (const [at, k] of rows.entries()) {
      this.onPart(k === 1 ? 'one token at a time' : `${k} tokens at once`, (at + 1) / (rows.length + 1));
      const passes = Math.floor(generate / k);
      pass_s.push((await this.#seconds(k * passes, k)) / passes);
    }
    return { prefill_s, decode_s: generate * pass_s[0], pass_s };
  }

  /* A round that does not count, because compilers and caches are still cold. */
  warmUp() {
    return this.#round();
  }

  async addRound() {
    this.rounds.push(await this.#round());
  }

  /* Medians of the rounds so far, in the words of `quern bench --json`. */
  result() {
    const { prompt, generate, rows, rounds } = this;
    return { prompt, generate, context: 0, ...ratesResult(this, rounds), ...rowsResult({ prompt, rows }, rounds) };
  }
}
