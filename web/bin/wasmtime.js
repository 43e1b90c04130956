/* Runs a command in wasmtime, with hosts/wasmtime/quern.py. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildName, path } from './builds.js';
import { threadsOf } from './engine.js';
import { cache, exitStatus, modelPath } from './files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

function python() {
  const own = join(cache(), 'venv', 'bin', 'python');
  if (!existsSync(own)) spawnSync(join(root, 'tools', 'setup.sh'), ['python'], { stdio: ['ignore', 2, 2] });
  return existsSync(own) ? own : 'python3';
}

/* Returns the exit status. */
export function runInWasmtime(name, options) {
  const threads = ['run', 'logits', 'embed'].includes(name) ? threadsOf(options) : 1;
  const relaxed = options.build !== 'plain' && existsSync(path(true, threads > 1));
  const withoutModel = name === 'template' && options.template !== undefined && options.model === undefined;
  const settings = {
    ...options,
    threads,
    tune: options.threads === undefined && threads > 1,
    wasm: path(relaxed, threads > 1),
    build: buildName(relaxed, threads),
    model: withoutModel ? undefined : modelPath(options.model),
  };
  delete settings.host;
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== false);
  const flags = given.map(([key, value]) => (value === true ? `--${key}` : `--${key}=${value}`));
  process.on('SIGINT', () => {}); /* the child handles it */
  const child = spawnSync(python(), [join(root, 'hosts', 'wasmtime', 'quern.py'), name, ...flags], {
    stdio: 'inherit',
  });
  if (child.error) throw child.error;
  return exitStatus(child);
}
