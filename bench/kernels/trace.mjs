/* The same as trace.py for Node: trace.mjs <kernel_bench.wasm> <sizes as JSON> */
import { existsSync, readFileSync } from 'node:fs';

const [path, json] = process.argv.slice(2);
const sizes = JSON.parse(json);
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)));

function text(address) {
  const bytes = new Uint8Array(exports.memory.buffer, address, 32);
  return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString();
}

const few = sizes.tokens;
for (let entry = 0; entry < exports.bench_count(); entry++) {
  const name = text(exports.bench_name(entry));
  if (!new RegExp(sizes.entries).test(name)) continue;
  for (const [work, tokens] of [
    ['gemv', 1],
    ['few', few],
    ['gemm', few],
    ['batch', few],
  ]) {
    if (work === 'few' && exports.bench_gemv_tokens(entry) < few) continue;
    exports.bench_prepare(entry, sizes.rows, sizes.n, tokens);
    existsSync(`/begin/${name.replaceAll(' ', '_')}/${work}`);
    exports[work === 'few' ? 'bench_gemv' : `bench_${work}`](1);
    existsSync('/end/');
  }
}
