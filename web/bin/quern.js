#!/usr/bin/env node
/* The command line. Errors are one line on standard error and status 1; wrong usage is status 2. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parse, usage, UsageError } from './options.js';
import { relaxedFlag } from './builds.js';

const COMMANDS = ['run', 'tokenize', 'detokenize', 'logits', 'template', 'info', 'bench'];

function fail(error) {
  if (error?.code === 'EPIPE') process.exit(0);
  const text = String(error?.message ?? error).replaceAll('\n', ' ');
  process.stderr.write(`quern: ${text}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

/* Node 20 knows relaxed SIMD behind a flag only: start again with it. */
function restartWithFlags(options) {
  const flag = options.build === 'plain' ? null : relaxedFlag();
  if (!flag || process.execArgv.includes(flag)) return;
  const self = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, ['--no-warnings', flag, self, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (child.error) throw child.error;
  if (child.signal) process.kill(process.pid, child.signal);
  process.exit(child.status ?? 1);
}

process.stdout.on('error', fail);
try {
  const [name, ...rest] = process.argv.slice(2);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usage());
    process.exit(name === undefined ? 2 : 0);
  }
  if (!COMMANDS.includes(name)) throw new UsageError(`there is no command "${name}"; quern help lists them`);
  const options = parse(name, rest);
  if (name !== 'bench' && options.host === 'wasmtime') {
    const { runInWasmtime } = await import('./wasmtime.js');
    process.exit(runInWasmtime(name, options));
  }
  if (name !== 'bench') restartWithFlags(options);
  const { default: command } = await import(`./${name}.js`);
  await command(options);
} catch (error) {
  fail(error);
}
