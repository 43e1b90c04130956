/* Masks along random legal walks: node walk.mjs MODULE MODEL SCHEMAS WALKS [DUMP]. SCHEMAS has a JSON Schema in each line.
 * Prints, as JSON, the time from the text of a schema to its first mask, the times of later masks, and what the trie took.
 * DUMP is a file for compare.py: the tokens' bytes, then for each walk {schema, ids, masks}, masks in hexadecimal. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { openModel } from '../../web/bin/files.js';
import { Engine } from '../../web/engine.js';

const [, , wasm, path, schemaFile, walkCount, dump] = process.argv;
const STEPS = 40; // tokens of a walk
const engine = await Engine.start(readFileSync(wasm));
const source = openModel(path);
const model = await engine.openDirectory(source);
model.place();
source.close();
const out = dump ? openSync(dump, 'w') : null;
const write = (value) => out && writeSync(out, `${JSON.stringify(value)}\n`);

const closers = new Uint8Array(model.vocabSize);
const bytesOf = Array.from({ length: model.vocabSize }, (_, id) => {
  const bytes = model.detokenize([id], { continues: true });
  if (bytes.includes(34)) closers[id] = 1;
  return Buffer.from(bytes).toString('hex');
});
const ends = bytesOf.map((_, id) => id).filter((id) => model.isEnd(id));
write({ tokens: bytesOf, ends });

let state = 1;
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/* A random token of a mask; often one with a quotation mark, so that strings end. No array is made in a step, so that the
 * garbage collector does not run while a mask is timed. */
const allowed = new Int32Array(model.vocabSize);
const closing = new Int32Array(model.vocabSize);
function choose(mask) {
  let count = 0;
  let closes = 0;
  for (let word = 0; word < mask.length; word++)
    for (let bits = mask[word]; bits; bits &= bits - 1) {
      const id = word * 32 + 31 - Math.clz32(bits & -bits);
      allowed[count++] = id;
      if (closers[id]) closing[closes++] = id;
    }
  return closes && random(3) === 0 ? closing[random(closes)] : allowed[random(count)];
}

const session = model.session({ context: 64, batch: 1 });
const starts = [];
const times = [];
let trie = 0;
let walks = 0;
const schemas = readFileSync(schemaFile, 'utf8').trim().split('\n');
for (const [number, schema] of schemas.entries()) {
  for (let walk = 0; walk < Number(walkCount); walk++) {
    const before = performance.now();
    const grammar = engine.grammar(model, 'schema', schema);
    session.constrain(grammar);
    session.mask();
    const first = performance.now() - before;
    if (number === 0 && walk === 0) trie = first;
    else starts.push(first);
    const ids = [];
    const masks = [];
    while (ids.length < STEPS) {
      session.constrain(grammar, ids);
      const start = performance.now();
      const mask = session.mask();
      times.push(performance.now() - start);
      if (out) masks.push(Buffer.from(mask.buffer).toString('hex'));
      const id = choose(mask);
      if (model.isEnd(id)) break;
      ids.push(id);
    }
    walks++;
    write({ schema: number, ids, masks });
    grammar.free();
  }
}
const percentile = (list, share) => [...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))];
const us = (share) => Math.round(1000 * percentile(times, share));
console.log(
  JSON.stringify({
    vocabulary: model.vocabSize,
    walks,
    masks: times.length,
    mask_us: { p50: us(0.5), p90: us(0.9), p99: us(0.99), max: us(1) },
    start_ms: { p50: percentile(starts, 0.5), p99: percentile(starts, 0.99) },
    first_start_ms: trie,
  }),
);
