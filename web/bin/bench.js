/* Rates of this engine, or of a peer: bench/e2e in the source tree does the measuring. */
import { existsSync } from 'node:fs';
import { threadsOf } from './engine.js';
import { modelPath } from './files.js';

const HARNESS = new URL('../../bench/e2e/cell.js', import.meta.url);

export default async function bench(options) {
  if (!existsSync(HARNESS)) throw new Error('quern bench needs the source tree');
  const { run } = await import(HARNESS);
  await run({ ...options, model: modelPath(options.model), threads: threadsOf(options) });
}
