#!/usr/bin/env node
/* Prints the time per function, from Node's sampling profiler.
 *
 *   node bench/e2e/profile.js MODEL [prompt 256] [generate 64] [context 0] [preset wasm32-relaxed]
 *
 * Use a prompt of 1 to profile decode, and generate 1 to profile prefill. Builds the preset with function names into
 * build/profile-<preset>. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { relaxedFlag } from '../../web/bin/builds.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROUNDS = 3;

function build(preset) {
  const folder = join(ROOT, 'build', `profile-${preset}`);
  const quiet = { cwd: ROOT, stdio: 'pipe' }; /* the error of a failed command contains its output */
  execFileSync('cmake', ['--preset', preset, '-B', folder, '-DQUERN_NAMES=ON'], quiet);
  execFileSync('cmake', ['--build', folder, '--target', 'quern'], quiet);
  return join(folder, 'quern.wasm');
}

/* [[function, microseconds]], largest first. */
function selfTimes(profile) {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(anonymous)']));
  const times = new Map();
  for (const [i, id] of profile.samples.entries())
    times.set(names.get(id), (times.get(names.get(id)) ?? 0) + profile.timeDeltas[i]);
  return [...times].sort((a, b) => b[1] - a[1]);
}

const [model, prompt = 256, generate = 64, context = 0, preset = 'wasm32-relaxed'] = process.argv.slice(2);
if (!model) {
  console.error('usage: node bench/e2e/profile.js MODEL [prompt] [generate] [context] [preset]');
  process.exit(2);
}
const cell = {
  model: resolve(model),
  wasm: build(preset),
  prompt: +prompt,
  generate: +generate,
  context: +context,
  threads: 1,
  seed: 1,
};
const folder = mkdtempSync(join(tmpdir(), 'quern-profile-'));
try {
  const flags = [...(relaxedFlag() ? [relaxedFlag()] : []), '--cpu-prof', `--cpu-prof-dir=${folder}`];
  const input = `${JSON.stringify(cell)}\n${'round\n'.repeat(ROUNDS)}`;
  const answers = execFileSync(process.execPath, [...flags, fileURLToPath(new URL('quern-node.js', import.meta.url))], {
    input,
    encoding: 'utf8',
  });
  const last = JSON.parse(answers.trim().split('\n').at(-1));
  console.log(
    `prefill ${(prompt / last.prefill_s).toFixed(1)} tokens/s, decode ${(generate / last.decode_s).toFixed(1)} tokens/s (profiled)`,
  );
  const times = selfTimes(JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8')));
  const total = times.reduce((sum, [, time]) => sum + time, 0);
  for (const [name, time] of times.slice(0, 20))
    console.log(
      `${((100 * time) / total).toFixed(1).padStart(5)}%  ${(time / 1000).toFixed(0).padStart(7)} ms  ${name}`,
    );
} finally {
  rmSync(folder, { recursive: true });
}
