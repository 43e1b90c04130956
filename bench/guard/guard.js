#!/usr/bin/env node
/* Compares the speed of the working tree with that of a commit, and fails on a loss: `make bench-guard`. Measures with
 * compare.js and judges with verdict.py. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enableRelaxed } from '../../web/bin/builds.js';
import { modelPath, openModel } from '../../web/bin/files.js';
import { describeOption } from '../../web/bin/help.js';
import { parseOptions, UsageError } from '../../web/bin/options.js';
import { withPage } from '../e2e/browsers.js';
import { openChild } from '../e2e/child.js';
import { PYTHON } from '../e2e/competitors.js';
import { besideOthers } from '../e2e/others.js';
import { compareEngines, compareKernels } from './compare.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TREE = join(ROOT, 'build', 'guard'); /* where the base is checked out and built */
const PASSES = 3;
const VERDICT = fileURLToPath(new URL('verdict.py', import.meta.url));
const KERNELS = { tokens: 64, dramBytes: 2 ** 26, entries: 'simd128|relaxed' };
const CELL = { build: 'relaxed', prompt: 256, generate: 32, seed: 1, kv: 'f16', rows: [1, 4] };

const OPTIONS = {
  base: { value: 'COMMIT', help: 'what to compare the working tree with' },
  rounds: {
    value: 'N',
    kind: 'whole',
    range: [5, 1000],
    default: '15',
    help: 'rounds of base, working tree, working tree, base (default: 15)',
  },
  hosts: {
    value: 'LIST',
    kind: 'list',
    choices: ['node', 'chromium', 'firefox', 'wasmtime'],
    default: 'node,chromium',
    help: 'with commas between them (default: node,chromium); wasmtime measures no kernels',
  },
  parts: {
    value: 'LIST',
    kind: 'list',
    choices: ['kernels', 'engine'],
    default: 'kernels,engine',
    help: 'what to measure (default: both)',
  },
  filter: { value: 'REGEX', help: 'only kernels whose name matches, as in "q4_K relaxed gemv"' },
  model: { value: 'FILE', help: 'for the engine (default: SmolLM2-135M-Instruct); it is loaded four times at once' },
  threads: {
    value: 'N',
    kind: 'whole',
    range: [1, 32],
    default: String(Math.min(2, availableParallelism())),
    help: 'of the engine (default: 2, or 1 with a single processor)',
  },
  ctx: {
    value: 'TOKENS',
    kind: 'whole',
    range: [0, 2 ** 20],
    default: '0',
    help: "in the engine's context before (default: 0)",
  },
};

const usage = () =>
  ['usage: make bench-guard BASE=COMMIT GUARD="[OPTION ...]"', ...Object.entries(OPTIONS).flatMap(describeOption)].join(
    '\n',
  );

function commitOf(base) {
  if (base === undefined) throw new UsageError('the commit to compare with is missing, as in BASE=main');
  const found = spawnSync('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (found.status !== 0) throw new UsageError(`"${base}" is not a commit`);
  return found.stdout.trim();
}

function checkFilter(filter = '') {
  try {
    new RegExp(filter);
  } catch {
    throw new UsageError(`--filter "${filter}" is not a regular expression`);
  }
}

async function optionsOf(args) {
  const options = parseOptions(OPTIONS, args);
  if (options.help) return options;
  checkFilter(options.filter);
  const commit = commitOf(options.base);
  if (!options.parts.includes('engine')) return { ...options, commit };
  const model = await modelPath(options.model);
  openModel(model).close();
  return { ...options, commit, model: resolve(model) };
}

/* With ccache, files that the base shares with the working tree are compiled once, although their paths differ. */
const CACHE =
  spawnSync('ccache', ['--version']).status === 0
    ? { CMAKE_C_COMPILER_LAUNCHER: 'ccache', CCACHE_BASEDIR: ROOT, CCACHE_NOHASHDIR: '1' }
    : {};

const run = (cwd, command, ...args) =>
  execFileSync(command, args, {
    cwd,
    stdio: ['ignore', process.stderr, process.stderr],
    env: { ...CACHE, ...process.env },
  });

function build(tree, threads) {
  console.error(`building ${tree === TREE ? 'the base' : 'the working tree'}`);
  run(tree, 'tools/build.sh', ...new Set(['wasm32-relaxed', `wasm32-relaxed${threads > 1 ? '-mt' : ''}`]));
  run(tree, 'cmake', '--build', '--preset', 'wasm32-relaxed', '--target', 'kernel_bench');
}

function checkOut(commit) {
  rmSync(TREE, { recursive: true, force: true });
  run(ROOT, 'git', 'worktree', 'add', '--quiet', '--force', '--detach', TREE, commit);
  process.once('exit', () => run(ROOT, 'git', 'worktree', 'remove', '--force', TREE));
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.once(signal, () => process.exit(1));
}

const TREES = [TREE, ROOT];
const modules = TREES.map((tree) => join(tree, 'build/wasm32-relaxed/kernel_bench.wasm'));

/* Each build runs with the JavaScript or Python of its own tree. */
function cellsOf({ model, threads, ctx }) {
  const wasm = (tree) => join(tree, `build/wasm32-relaxed${threads > 1 ? '-mt' : ''}/quern.wasm`);
  return TREES.map((tree) => ({ ...CELL, model, threads, context: ctx, wasm: wasm(tree) }));
}

const inNode = {
  kernels: (options) =>
    compareKernels(
      modules.map((path) => readFileSync(path)),
      options,
    ),
  engine: (cells, rounds) =>
    compareEngines(async (side) => {
      const { openQuern } = await import(join(TREES[side], 'bench/e2e/measure.js'));
      const source = openModel(cells[side].model);
      const competitor = await openQuern(cells[side], readFileSync(cells[side].wasm), source);
      source.close();
      return competitor;
    }, rounds),
};

const inWasmtime = {
  engine: (cells, rounds) =>
    compareEngines(
      (side) => openChild(PYTHON, [join(TREES[side], 'bench/e2e/quern_wasmtime.py')], cells[side]),
      rounds,
    ),
};

const inBrowser = (name) => ({
  kernels: (options) =>
    withPage(name, '/bench/guard/page.html', (page, { add }) =>
      page.evaluate(([urls, given]) => window.kernels(urls, given), [modules.map(add), options]),
    ),
  engine: (cells, rounds) =>
    withPage(name, '/bench/guard/page.html', (page, { add }) => {
      const sides = cells.map((cell, side) => ({
        page: `/${relative(ROOT, join(TREES[side], 'bench/e2e/quern-page.js'))}`,
        cell: { ...cell, url: add(cell.model), wasm: add(cell.wasm) },
      }));
      return page.evaluate(([of, count]) => window.engines(of, count), [sides, rounds]);
    }),
});

const HOSTS = {
  node: inNode,
  wasmtime: inWasmtime,
  chromium: inBrowser('chromium'),
  firefox: inBrowser('firefox'),
};

/* Returns [{host, name, rounds}], with the rounds of all passes. A pass compiles the modules again, because what the
 * host's compiler and memory did in one pass affects all of its rounds. */
async function measure({ hosts, parts, rounds, filter = '', ...options }) {
  const inPass = Math.ceil(rounds / PASSES);
  const works = {
    kernels: (host) => host.kernels?.({ ...KERNELS, filter, rounds: inPass }) ?? [],
    engine: (host) => host.engine(cellsOf(options), inPass),
  };
  const comparisons = new Map();
  for (let pass = 1; pass <= PASSES; pass++) {
    for (const [host, part] of hosts.flatMap((host) => parts.map((part) => [host, part]))) {
      console.error(`measuring in ${host}: ${part}, pass ${pass} of ${PASSES}`);
      for (const { name, rounds: found } of await works[part](HOSTS[host])) {
        const key = `${host} ${name}`;
        const before = comparisons.get(key)?.rounds ?? [];
        comparisons.set(key, { host, name, rounds: [...before, ...found] });
      }
    }
  }
  if (!comparisons.size) throw new Error('nothing was measured; see --filter');
  return [...comparisons.values()];
}

/* What was measured, for the top of the table. */
function describe({ commit, parts, model, threads, ctx }, others) {
  const [{ model: cpu }] = cpus();
  const lines = [
    `${cpu}, ${cpus().length} processors (${Math.round(100 * others)} % used by other programs)`,
    `the working tree against ${commit.slice(0, 7)}`,
  ];
  if (parts.includes('engine'))
    lines.push(`engine: ${basename(model)}, threads: ${threads}, tokens in the context: ${ctx}`);
  return lines.join('\n');
}

async function main() {
  const options = await optionsOf(process.argv.slice(2));
  if (options.help) {
    console.log(usage());
    return;
  }
  checkOut(options.commit);
  for (const tree of TREES) build(tree, options.threads);
  enableRelaxed();
  const { value: comparisons, others } = await besideOthers(() => measure(options));
  const input = JSON.stringify({ about: describe(options, others), comparisons });
  process.exit(spawnSync(PYTHON, [VERDICT], { input, stdio: ['pipe', 'inherit', 'inherit'] }).status ?? 2);
}

main().catch((error) => {
  console.error(`bench-guard: ${error.message}${error instanceof UsageError ? `\n${usage()}` : ''}`);
  process.exit(2);
});
