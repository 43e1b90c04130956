#!/usr/bin/env node
/* The command line. Errors are one line on standard error and status 1; wrong usage is status 2. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { COMMANDS, parse, usage, usageOf, UsageError } from './options.js';
import { relaxedFlag } from './builds.js';
import { exitStatus } from './files.js';
import { TooWide } from './engine.js';

function fail(error) {
  if (error?.code === 'EPIPE') process.exit(0);
  const text = String(error?.message ?? error).replaceAll('\n', ' ');
  const wrongUse = error instanceof UsageError;
  process.stderr.write(`quern: ${text}\n${wrongUse ? usageOf(process.argv[2]) : ''}`);
  process.exit(wrongUse ? 2 : 1);
}

/* Node 20 knows relaxed SIMD behind a flag only: start again with it. */
function restartWithFlags(options) {
  const flag = options.build === 'plain' ? null : relaxedFlag();
  if (!flag || process.execArgv.includes(flag)) return;
  const self = fileURLToPath(import.meta.url);
  process.on('SIGINT', () => {}); /* the child's to take */
  const child = spawnSync(process.execPath, ['--no-warnings', flag, self, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (child.error) throw child.error;
  process.exit(exitStatus(child));
}

process.stdout.on('error', fail);
try {
  const [name, ...rest] = process.argv.slice(2);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    (name === undefined ? process.stderr : process.stdout).write(usage());
    process.exit(name === undefined ? 2 : 0);
  }
  if (!COMMANDS.includes(name)) throw new UsageError(`there is no command "${name}"`);
  const options = parse(name, rest);
  const inWasmtime = async (more) => {
    const { runInWasmtime } = await import('./wasmtime.js');
    process.exit(runInWasmtime(name, { ...options, ...more }));
  };
  if (name !== 'bench' && options.host === 'wasmtime') await inWasmtime();
  if (name !== 'bench' && name !== 'serve') restartWithFlags(options);
  const { default: command } = await import(`./${name}.js`);
  try {
    await command(options);
  } catch (error) {
    if (!(error instanceof TooWide) || name === 'bench') throw error;
    process.stderr.write(`quern: ${error.message}; wasmtime takes over\n`);
    await inWasmtime({ bits: 64 });
  }
} catch (error) {
  fail(error);
}
