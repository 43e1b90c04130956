#!/usr/bin/env node
/* The command line. An error is one line on standard error and exit status 1; for incorrect usage, status 2. */
import { enableRelaxed } from './builds.js';
import { COMMANDS } from './commands.js';
import { TooLarge } from './engine.js';
import { help, helpOf, usageOf, version } from './help.js';
import { parse, UsageError } from './options.js';

function fail(error) {
  if (error?.code === 'EPIPE') process.exit(0);
  const text = String(error?.message ?? error).replaceAll('\n', ' ');
  const misused = error instanceof UsageError;
  process.stderr.write(`quern: ${text}\n${misused ? usageOf(process.argv[2]) : ''}`);
  process.exit(misused ? 2 : 1);
}

/* Commands that wasmtime can run too. */
const HOSTED = ['run', 'tokenize', 'detokenize', 'logits', 'embed', 'template', 'info'];

/* Runs a command in wasmtime and ends this process. */
async function inWasmtime(name, options) {
  const only = ['tools', 'think'].find((each) => options[each] !== undefined);
  if (only) throw new UsageError(`--${only} needs --host node`);
  const { runInWasmtime } = await import('./wasmtime.js');
  process.exit(await runInWasmtime(name, options));
}

async function runCommand(name, options) {
  if (HOSTED.includes(name) && options.host === 'wasmtime') await inWasmtime(name, options);
  if (name !== 'bench') enableRelaxed(options.build);
  const { default: command } = await import(`./${name}.js`);
  try {
    await command(options);
  } catch (error) {
    if (!(error instanceof TooLarge) || !HOSTED.includes(name)) throw error;
    process.stderr.write(`quern: ${error.message}; using wasmtime instead\n`);
    await inWasmtime(name, { ...options, bits: 64 });
  }
}

/* The name of a command; throws if there is no such command. */
function known(name) {
  if (!Object.hasOwn(COMMANDS, name)) throw new UsageError(`unknown command "${name}"`);
  return name;
}

/* Answers `quern`, `quern help [COMMAND]`, `quern --version` and so on. Returns whether the arguments were of this
 * kind. */
function answerAbout(args) {
  const [name, topic] = args;
  if (name === undefined) {
    process.stderr.write(help());
    process.exitCode = 2;
  } else if (name === '--version') process.stdout.write(version());
  else if (['help', '--help', '-h'].includes(name))
    process.stdout.write(topic === undefined ? help() : helpOf(known(topic)));
  else return false;
  return true;
}

/** @param {string[]} args */
async function main(args) {
  const [name, ...rest] = args;
  if (answerAbout(args)) return;
  const options = parse(known(name), rest);
  if (options.help) process.stdout.write(helpOf(name));
  else if (options.version) process.stdout.write(version());
  else await runCommand(name, options);
}

process.stdout.on('error', fail);
process.removeAllListeners('warning'); /* warnings about experimental features of Node */
main(process.argv.slice(2)).catch(fail);
