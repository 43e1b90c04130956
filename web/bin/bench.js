/* quern bench: measures the speed of this engine or of another one. The harness is bench/e2e of a checkout. */
import { existsSync } from 'node:fs';
import { threadsOf } from './engine.js';
import { modelPath } from './files.js';

const HARNESS = new URL('../../bench/e2e/cell.js', import.meta.url);

export default async function bench(options) {
  if (!existsSync(HARNESS)) throw new Error('quern bench runs only from a checkout of the repository');
  const { run } = await import(HARNESS.href);
  await run({ ...options, model: await modelPath(options.model), threads: threadsOf(options) });
}
