// Runs the kernel check in Node: node run_node.mjs <kernel_check.wasm> [seed] [fault]
// Prints the report. Exits with 1 if a variant failed and with 2 if the module trapped.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { check } from './check.mjs';

const RELAXED = '--experimental-wasm-relaxed-simd'; // needed by Node versions that do not enable it by default
const [path, seed = '1', fault] = process.argv.slice(2);
const bytes = readFileSync(path);

if (!WebAssembly.validate(bytes) && !process.execArgv.includes(RELAXED)) {
  const again = spawnSync(process.execPath, [RELAXED, ...process.argv.slice(1)], { stdio: 'inherit' });
  process.exit(again.status ?? 3);
}
const { text, status } = await check(bytes, seed, fault);
console.log(text);
process.exitCode = status;
