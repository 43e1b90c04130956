/* Runs a command in wasmtime, with hosts/wasmtime/quern.py. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildName, path } from './builds.js';
import { runChild } from './child.js';
import { threadsOf } from './engine.js';
import { cache, modelPath } from './files.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function python() {
  const own = join(cache(), 'venv', 'bin', 'python');
  if (!existsSync(own)) {
    const setup = join(root, 'tools', 'setup.sh');
    const status = await runChild(setup, ['python'], { stdio: ['ignore', 2, 2] }).catch(() => 1);
    if (status > 128) process.exit(status);
  }
  return existsSync(own) ? own : 'python3';
}

/* Returns the exit status. */
export async function runInWasmtime(name, options) {
  const threads = ['run', 'logits', 'embed'].includes(name) ? threadsOf(options) : 1;
  const relaxed = options.build !== 'plain' && existsSync(path(true, threads > 1));
  const withoutModel = name === 'template' && options.template !== undefined && options.model === undefined;
  const settings = {
    ...options,
    threads,
    tune: options.threads === undefined,
    wasm: path(relaxed, threads > 1),
    build: buildName(relaxed, threads),
    model: withoutModel ? undefined : await modelPath(options.model),
  };
  delete settings.host;
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== false);
  const flags = given.map(([key, value]) => (value === true ? `--${key}` : `--${key}=${value}`));
  const script = join(root, 'hosts', 'wasmtime', 'quern.py');
  return runChild(await python(), [script, name, '--forwarded', ...flags], { interrupt: 'SIGUSR1' });
}
