/* Opens competitors. A competitor is an engine on a host with a model, described by a cell:
 *   {engine, host, build, model, prompt, generate, context, threads, seed, rows}
 *   engine: quern, wllama-2, wllama-3 or llama.cpp; host: node, wasmtime, chromium, firefox or native
 *   build: plain or relaxed, for quern only; context: the number of tokens in the KV cache before the measurement
 *   rows: for quern only, optional: a list of numbers of tokens per pass that begins with 1
 * An open competitor has
 *   load_ms, version (of the host), peak_bytes (of linear memory; null if unknown)
 *   round() → {prefill_s, decode_s}: seconds for `prompt` tokens at once, and for `generate` tokens one by one. For
 *     quern also pass_s, the seconds of a pass of k tokens for each k of rows; peak_bytes; and crc32 of the logits
 *     after the prompt, which must not depend on host, build or thread count.
 *   close() */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { relaxedFlag } from '../../web/bin/builds.js';
import { cache } from '../../web/bin/files.js';
import { browser } from './browsers.js';
import { openChild } from './child.js';
import { openLlamaBench } from './llama-bench.js';
import { serve } from './server.js';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/* The folder with the modules; QUERN_MODULES overrides build/. */
const MODULES = resolve(process.env.QUERN_MODULES ?? path('../../build'));

function moduleOf({ build, threads, bits = 32 }) {
  const file = join(
    MODULES,
    `wasm${bits}-${build === 'plain' ? 'simd128' : 'relaxed'}${threads > 1 ? '-mt' : ''}`,
    'quern.wasm',
  );
  if (!existsSync(file)) throw new Error(`${file} is missing; run make to build it`);
  return file;
}

/* The Python environment made by tools/setup.sh. */
const VENV = join(cache(), 'venv', 'bin', 'python');
export const PYTHON = existsSync(VENV) ? VENV : 'python3';

async function openNode(cell) {
  const flags = relaxedFlag() ? [relaxedFlag()] : [];
  const child = await openChild(process.execPath, [...flags, path('quern-node.js')], cell);
  return { ...child, version: process.version };
}

async function openWasmtime(cell) {
  const child = await openChild(PYTHON, [path('quern_wasmtime.py')], cell);
  const version = 'from importlib.metadata import version; print(version("wasmtime"))';
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', version]);
  return { ...child, version: stdout.trim() };
}

/* The server and the browsers that the competitors of a run share. They start when they are first needed. */
export function hosts() {
  let server;
  const browsers = { chromium: browser('chromium'), firefox: browser('firefox') };

  async function blankPage(host) {
    server ??= serve();
    return browsers[host].page(`${(await server).url}/bench/e2e/page.html`);
  }

  async function openPage(cell) {
    const page = await blankPage(cell.host);
    const { add } = await server;
    try {
      const module = cell.engine === 'quern' ? './quern-page.js' : `./${cell.engine}.js`;
      const wasm = cell.engine === 'quern' ? add(moduleOf(cell)) : null;
      const given = { ...cell, url: add(resolve(cell.model)), wasm };
      const opened = await page.evaluate(([name, of]) => window.start(name, of), [module, given]);
      return {
        ...opened,
        version: await browsers[cell.host].version(),
        round: () => page.evaluate(() => window.round()),
        async close() {
          await page.evaluate(() => window.finish());
          await page.close();
        },
      };
    } catch (error) {
      await page.close();
      throw error;
    }
  }

  return {
    async open(cell) {
      if (cell.engine === 'llama.cpp') return openLlamaBench(cell);
      if (cell.host in browsers) return openPage(cell);
      const given = { ...cell, model: resolve(cell.model), wasm: moduleOf(cell) };
      if (cell.host === 'node') return openNode(given);
      if (cell.host === 'wasmtime') return openWasmtime(given);
      throw new Error(`unknown host ${cell.host}`);
    },
    /* For a browser, starts it and opens a page without a competitor. Does nothing for other hosts. */
    blank: async (host) => (host in browsers ? blankPage(host) : undefined),
    async close() {
      for (const one of Object.values(browsers)) await one.close();
      if (server) (await server).close();
    },
  };
}
