/* Turns the rounds of a competitor into rates. */

export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/* Tokens per second of each round, in order. */
export const prefillRates = (cell, rounds) => rounds.map((round) => cell.prompt / round.prefill_s);
export const decodeRates = (cell, rounds) => rounds.map((round) => cell.generate / round.decode_s);

/* What k tokens in one pass cost, for each k of cell.rows; medians of ratios within a round:
 *   c: their time over that of one token; over_bound: their time over the larger of the time of one token and that of
 *   k tokens of the prompt */
function rowsResult({ rows, prompt }, rounds) {
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

const ratesResult = (cell, rounds) => ({
  prefill_tps: spread(prefillRates(cell, rounds)),
  decode_tps: spread(decodeRates(cell, rounds)),
});

export function cellResult(cell, opened, rounds) {
  return {
    ...cell,
    version: opened.version ?? null,
    load_ms: opened.load_ms,
    peak_bytes: rounds.at(-1)?.peak_bytes ?? opened.peak_bytes,
    rounds: rounds.length,
    logits_crc32: rounds.at(-1)?.crc32?.toString(16).padStart(8, '0') ?? null,
    ...(cell.rows ? rowsResult(cell, rounds) : ratesResult(cell, rounds)),
  };
}
