/* Opens a competitor: an engine on a host, with a model. What it is, is a cell:
 *   {engine, host, build, model, prompt, generate, context, threads, seed}
 * engine: quern, wllama-2, wllama-3 or llama.cpp. host: node, wasmtime, chromium, firefox or native. build: plain or
 * relaxed, of quern only. context: tokens in the cache before. An open competitor has
 *   load_ms, peak_bytes (of linear memory; null where it cannot be seen), version (of the host)
 *   round() → {prefill_s, decode_s}: seconds for `prompt` tokens at once, and for `generate` one by one; of quern also
 *     peak_bytes, and crc32 of the prompt's last logits, which no host, build or number of threads may change
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

/* The module for a cell; QUERN_MODULES names another folder of them than build/. */
const MODULES = resolve(process.env.QUERN_MODULES ?? path('../../build'));

function moduleOf({ build, threads, bits = 32 }) {
  const file = join(
    MODULES,
    `wasm${bits}-${build === 'plain' ? 'simd128' : 'relaxed'}${threads > 1 ? '-mt' : ''}`,
    'quern.wasm',
  );
  if (!existsSync(file)) throw new Error(`${file} has not been built; make builds it`);
  return file;
}

/* With what tools/setup.sh installs. */
const VENV = join(cache(), 'venv', 'bin', 'python');
export const PYTHON = existsSync(VENV) ? VENV : 'python3';

/* What is shared by the competitors of a run: the server and the browsers, started when first needed. */
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
      const given = {
        ...cell,
        url: add(resolve(cell.model)),
        wasm: cell.engine === 'quern' ? add(moduleOf(cell)) : null,
      };
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

  async function open(cell) {
    if (cell.engine === 'llama.cpp') return openLlamaBench(cell);
    if (cell.host in browsers) return openPage(cell);
    const given = { ...cell, model: resolve(cell.model), wasm: moduleOf(cell) };
    if (cell.host === 'node') {
      const flags = relaxedFlag() ? [relaxedFlag()] : [];
      const child = await openChild(process.execPath, [...flags, path('quern-node.js')], given);
      return { ...child, version: process.version };
    }
    if (cell.host === 'wasmtime') {
      const child = await openChild(PYTHON, [path('quern_wasmtime.py')], given);
      const { stdout } = await promisify(execFile)(PYTHON, [
        '-c',
        'from importlib.metadata import version; print(version("wasmtime"))',
      ]);
      return { ...child, version: stdout.trim() };
    }
    throw new Error(`there is no host ${cell.host}`);
  }

  return {
    open,
    /* Starts a browser and opens a page without a competitor; nothing on the other hosts. */
    blank: async (host) => (host in browsers ? blankPage(host) : undefined),
    async close() {
      for (const one of Object.values(browsers)) await one.close();
      if (server) (await server).close();
    },
  };
}
