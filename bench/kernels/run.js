/* The kernels' rates in one or more hosts:
 *
 *   node bench/kernels/run.js [--hosts node,chromium,firefox,wasmtime] [--entries regex] [--wasm path] [--n 2048]
 *                             [--tokens 64] [--rounds 60] [--dram MB]
 *
 * The module is built by `cmake --build --preset wasm32-relaxed --target kernel_bench`. QUERN_PYTHON names a Python
 * that has wasmtime. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';

import { measure } from './measure.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: 'node' },
    entries: { type: 'string', default: '' },
    wasm: { type: 'string', default: `${ROOT}build/wasm32-relaxed/kernel_bench.wasm` },
    n: { type: 'string', default: '2048' },
    tokens: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '60' },
    dram: { type: 'string', default: '0' },
  },
});
const bytes = readFileSync(values.wasm);
const RELAXED = '--experimental-wasm-relaxed-simd'; /* where it is not yet on by itself */
if (!WebAssembly.validate(bytes) && !process.execArgv.includes(RELAXED)) {
  process.exit(spawnSync(process.execPath, [RELAXED, ...process.argv.slice(1)], { stdio: 'inherit' }).status ?? 1);
}
const options = {
  entries: values.entries,
  n: Number(values.n),
  tokens: Number(values.tokens),
  rounds: Number(values.rounds),
  dramBytes: Number(values.dram) * 2 ** 20,
};

async function inBrowser(name) {
  const { browser } = await import('../e2e/browsers.js');
  const { serve } = await import('../e2e/server.js');
  const server = await serve();
  const host = browser(name);
  try {
    const page = await host.page(`${server.url}/bench/kernels/page.html`);
    const wasm = server.add(values.wasm);
    return await page.evaluate(([url, given]) => window.run(url, given), [wasm, options]);
  } finally {
    await host.close();
    server.close();
  }
}

const hosts = {
  node: () => measure(bytes, options),
  chromium: () => inBrowser('chromium'),
  firefox: () => inBrowser('firefox'),
  wasmtime: () => JSON.parse(execFileSync(process.env.QUERN_PYTHON ?? 'python3',
    [fileURLToPath(new URL('run_wasmtime.py', import.meta.url)), values.wasm, JSON.stringify(options)])),
};

const figure = (x) => (x === undefined ? '' : x.toFixed(1)).padStart(8);
console.log(`n ${options.n}, ${options.tokens} tokens; GMAC/s, dram: GB/s; ${relative(process.cwd(), values.wasm)}`);
for (const host of values.hosts.split(',')) {
  console.log(`${host.padEnd(16)}${['gemm', 'batch', 'gemv', 'dram'].map((key) => key.padStart(8)).join('')}`);
  for (const row of await hosts[host]()) {
    console.log(`${row.name.padEnd(16)}${[row.gemm, row.batch, row.gemv, row.dram].map(figure).join('')}`);
  }
}
process.exit(0);
