/* Quern in Node as a competitor. child.js defines the protocol. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openQuern } from './measure.js';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const answer = (object) => process.stdout.write(`${JSON.stringify(object)}\n`);

const cell = JSON.parse((await lines.next()).value);
const file = openSync(cell.model);
const source = { size: fstatSync(file).size, read: (bytes, offset) => readSync(file, bytes, 0, bytes.length, offset) };
const { round, close, ...opened } = await openQuern(cell, readFileSync(cell.wasm), source);
closeSync(file);
answer(opened);
for await (const line of lines) {
  if (line === 'round') answer(round());
}
await close();
