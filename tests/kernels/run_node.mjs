// The kernel check in Node: node run_node.mjs <kernel_check.wasm> [seed] [fault]
// Prints the report; exits with 1 when a kernel failed and 2 when the module trapped.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const RELAXED = "--experimental-wasm-relaxed-simd"; // where it is not yet on by itself
const [path, seed = "1", fault] = process.argv.slice(2);
const bytes = readFileSync(path);

if (!WebAssembly.validate(bytes) && !process.execArgv.includes(RELAXED)) {
  const again = spawnSync(process.execPath, [RELAXED, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(again.status ?? 3);
}
const { instance } = await WebAssembly.instantiate(bytes, {});
const { check_run, check_count, check_text, check_text_bytes, check_plant, memory } = instance.exports;
if (fault !== undefined) check_plant(Number(fault));
let failed;
try {
  failed = check_run(Number(seed));
} catch (error) {
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  console.error(`trapped: ${error.message}`);
  process.exitCode = 2;
}
console.log(new TextDecoder().decode(new Uint8Array(memory.buffer, check_text(), check_text_bytes())));
if (failed !== undefined) {
  console.log(`${check_count()} variants checked, ${failed} failed`);
  process.exitCode = failed === 0 && check_count() > 0 ? 0 : 1;
}
