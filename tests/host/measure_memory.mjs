/* Measures linear memory after a prompt and a token: node measure_memory.mjs MODEL MODULE TOKENS THREADS. Prints
 * JSON with the bytes of memory, and what tensors and the KV cache in use take of them. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { Engine } from '../../web/engine.js';

const [path, wasm, tokens, threads] = process.argv.slice(2);
const engine = await Engine.start(readFileSync(wasm), { threads: +threads });
const file = openSync(path);
const model = await engine.loadModel({
  size: fstatSync(file).size,
  read: (bytes, offset) => readSync(file, bytes, 0, bytes.length, offset),
});
closeSync(file);
const session = model.session({ context: 0 }); /* as trained; only the part in use takes memory */
session.feed(Array.from({ length: +tokens }, (_, i) => 1 + ((i * 37) % 250)));
while (session.step());
session.feed([1]);
while (session.step());
const { tensorBytes, kvPageBytes, kvPageTokens } = model.plan(0, 0);
const pages = Math.ceil((+tokens + 1) / Number(kvPageTokens));
console.log(
  JSON.stringify({
    memory: engine.memory.buffer.byteLength,
    tensors: Number(tensorBytes),
    kv: pages * Number(kvPageBytes),
  }),
);
session.free();
model.free();
await engine.stop();
