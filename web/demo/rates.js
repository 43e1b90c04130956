/* Turns the rounds of a measurement into rates; also for bench/e2e. A round is { prefill_s, decode_s, pass_s }: the seconds
 * for `prompt` tokens at once, for `generate` tokens one by one, and for k tokens in one pass, for each k of `rows`. */

export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/* Tokens per second of each round, in order. */
export const prefillRates = (cell, rounds) => rounds.map((round) => cell.prompt / round.prefill_s);
export const decodeRates = (cell, rounds) => rounds.map((round) => cell.generate / round.decode_s);

/* What k tokens in one pass cost, for each k of `rows`; medians of ratios within a round:
 *   c: their time over that of one token; over_bound: their time over the larger of the time of one token and that of
 *   k tokens of the prompt */
export function rowsResult({ rows, prompt }, rounds) {
  const medianOf = (value) => spread(rounds.map(value)).median;
  return {
    prompt_token_s: medianOf(({ prefill_s }) => prefill_s / prompt),
    rows: rows.map((k, i) => ({
      k,
      pass_s: spread(rounds.map(({ pass_s }) => pass_s[i])),
      c: medianOf(({ pass_s }) => pass_s[i] / pass_s[0]),
      over_bound: medianOf(({ pass_s, prefill_s }) => pass_s[i] / Math.max(pass_s[0], (k * prefill_s) / prompt)),
    })),
  };
}

export const ratesResult = (cell, rounds) => ({
  prefill_tps: spread(prefillRates(cell, rounds)),
  decode_tps: spread(decodeRates(cell, rounds)),
});
