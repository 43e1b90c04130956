/* The result of a competitor. */
import { ratesResult, rowsResult } from '../../web/demo/rates.js';

export { decodeRates, prefillRates, spread } from '../../web/demo/rates.js';

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
