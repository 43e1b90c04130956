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

export function cellResult(cell, opened, rounds) {
  return {
    ...cell,
    version: opened.version ?? null,
    load_ms: opened.load_ms,
    peak_bytes: rounds.at(-1)?.peak_bytes ?? opened.peak_bytes,
    rounds: rounds.length,
    logits_crc32: rounds.at(-1)?.crc32?.toString(16).padStart(8, '0') ?? null,
    prefill_tps: spread(prefillRates(cell, rounds)),
    decode_tps: spread(decodeRates(cell, rounds)),
  };
}
