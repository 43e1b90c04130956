#!/usr/bin/env node
/* The command line. An error is one line on standard error and exit status 1; for incorrect usage, status 2. */
import { enableRelaxed } from './builds.js';
import { TooLarge } from './engine.js';
import { COMMANDS, parse, UsageError, usage, usageOf } from './options.js';

function fail(error) {
  if (error?.code === 'EPIPE') process.exit(0);
  const text = String(error?.message ?? error).replaceAll('\n', ' ');
  const misused = error instanceof UsageError;
  process.stderr.write(`quern: ${text}\n${misused ? usageOf(process.argv[2]) : ''}`);
  process.exit(misused ? 2 : 1);
}

process.stdout.on('error', fail);
process.removeAllListeners('warning'); /* warnings about experimental features of Node */
try {
  const [name, ...rest] = process.argv.slice(2);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    (name === undefined ? process.stderr : process.stdout).write(usage());
    process.exit(name === undefined ? 2 : 0);
  }
  if (!COMMANDS.includes(name)) throw new UsageError(`unknown command "${name}"`);
  const options = parse(name, rest);
  const inWasmtime = async (more) => {
    const { runInWasmtime } = await import('./wasmtime.js');
    process.exit(await runInWasmtime(name, { ...options, ...more }));
  };
  if (name !== 'bench' && options.host === 'wasmtime') await inWasmtime();
  if (name !== 'bench') enableRelaxed(options.build);
  const { default: command } = await import(`./${name}.js`);
  try {
    await command(options);
  } catch (error) {
    if (!(error instanceof TooLarge) || name === 'bench') throw error;
    process.stderr.write(`quern: ${error.message}; using wasmtime instead\n`);
    await inWasmtime({ bits: 64 });
  }
} catch (error) {
  fail(error);
}
