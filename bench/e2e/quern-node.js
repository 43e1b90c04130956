/* Quern in Node as a competitor, spoken to as child.js says. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { startEngine, loadModel } from './quern-engine.js';
import { measured } from './measure.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const answer = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);

const cell = JSON.parse((await lines.next()).value);
const start = performance.now();
const engine = await startEngine(readFileSync(cell.wasm), cell.threads);
const file = openSync(cell.model);
const model = await loadModel(engine, fstatSync(file).size, (bytes, offset) => readSync(file, bytes, 0, bytes.length, offset));
closeSync(file);
const competitor = { load_ms: performance.now() - start, ...measured(engine, model, cell) };
answer({ load_ms: competitor.load_ms, peak_bytes: engine.memory.buffer.byteLength });
for await (const line of lines) {
  if (line === 'round') answer(competitor.round());
}
competitor.close();
engine.exports.qn_model_free(model);
await engine.stop();
