/* Measures the kernels in one or more hosts:
 *
 *   node bench/kernels/run.js [--hosts node,chromium,firefox,wasmtime] [--entries regex] [--wasm path] [--n 2048]
 *                             [--tokens 64] [--rounds 60] [--dram MB] [--order N] [--save]
 *
 * `cmake --build --preset wasm32-relaxed --target kernel_bench` builds the module. QUERN_PYTHON is a Python
 * interpreter with wasmtime. --save writes bench/results/kernels.csv and kernels.svg. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
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
    order: { type: 'string', default: '0' },
    save: { type: 'boolean', default: false },
  },
});
const PYTHON = process.env.QUERN_PYTHON ?? 'python3';
const bytes = readFileSync(values.wasm);
const RELAXED = '--experimental-wasm-relaxed-simd'; /* needed by Node versions that do not enable it by default */
if (!WebAssembly.validate(bytes) && !process.execArgv.includes(RELAXED)) {
  process.exit(spawnSync(process.execPath, [RELAXED, ...process.argv.slice(1)], { stdio: 'inherit' }).status ?? 1);
}
const options = {
  entries: values.entries,
  n: Number(values.n),
  tokens: Number(values.tokens),
  rounds: Number(values.rounds),
  order: Number(values.order),
  dramBytes: Number(values.dram) * 2 ** 20,
};

async function inBrowser(name) {
  const { withPage } = await import('../e2e/browsers.js');
  return withPage(name, '/bench/kernels/page.html', (page, { add }) =>
    page.evaluate(([url, given]) => window.run(url, given), [add(values.wasm), options]),
  );
}

const hosts = {
  node: () => measure(bytes, options),
  chromium: () => inBrowser('chromium'),
  firefox: () => inBrowser('firefox'),
  wasmtime: () =>
    JSON.parse(
      execFileSync(PYTHON, [
        fileURLToPath(new URL('run_wasmtime.py', import.meta.url)),
        values.wasm,
        JSON.stringify(options),
      ]),
    ),
};

const figure = (x) => (x === undefined ? '' : x.toFixed(1)).padStart(8);
console.log(
  `n ${options.n}, ${options.tokens} tokens; GMAC/s, dram and cache: GB/s; ${relative(process.cwd(), values.wasm)}`,
);
const KEYS = ['gemm', 'batch', 'gemv', 'few2', 'few4', 'few8', 'dram', 'cache'];
const lines = [['host', 'entry', ...KEYS]];
for (const host of values.hosts.split(',')) {
  console.log(`${host.padEnd(26)}${KEYS.map((key) => key.padStart(8)).join('')}`);
  for (const row of await hosts[host]()) {
    console.log(`${row.name.padEnd(26)}${KEYS.map((key) => figure(row[key])).join('')}`);
    lines.push([host, row.name, ...KEYS.map((key) => row[key]?.toFixed(2) ?? '')]);
  }
}
if (values.save) {
  const file = `${ROOT}bench/results/kernels.csv`;
  mkdirSync(`${ROOT}bench/results`, { recursive: true });
  writeFileSync(file, `${lines.map((line) => line.join(',')).join('\n')}\n`);
  execFileSync(PYTHON, [`${ROOT}bench/kernels/plot.py`, file], { stdio: 'inherit' });
}
process.exit(0);
