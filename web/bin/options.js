/* Command line options: their types, the usage texts and the parser. */
import { parseArgs } from 'node:util';

export class UsageError extends Error {}

const common = {
  model: { type: 'string', short: 'm' },
  host: { type: 'string', default: 'node' },
  build: { type: 'string' },
  threads: { type: 'string', short: 't' },
  bits: { type: 'string' },
};
const batch = { batch: { type: 'string', short: 'b' }, kv: { type: 'string' } };
const commands = {
  run: {
    ...common,
    ...batch,
    prompt: { type: 'string', short: 'p' },
    n: { type: 'string', short: 'n' },
    context: { type: 'string', short: 'c' },
    temp: { type: 'string' },
    'top-k': { type: 'string' },
    'top-p': { type: 'string' },
    'min-p': { type: 'string' },
    'repeat-penalty': { type: 'string' },
    'frequency-penalty': { type: 'string' },
    'presence-penalty': { type: 'string' },
    seed: { type: 'string' },
    system: { type: 'string' },
    raw: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  tokenize: { ...common, 'no-special': { type: 'boolean' }, 'no-bos': { type: 'boolean' } },
  detokenize: { ...common, ids: { type: 'string' } },
  logits: { ...common, ...batch, tokens: { type: 'string' }, output: { type: 'string', short: 'o' } },
  embed: {
    ...common,
    ...batch,
    prompt: { type: 'string', short: 'p' },
    tokens: { type: 'string' },
    pooling: { type: 'string' },
    raw: { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  },
  template: {
    ...common,
    template: { type: 'string' },
    bos: { type: 'string' },
    eos: { type: 'string' },
    now: { type: 'string' },
  },
  info: { ...common, ...batch, context: { type: 'string', short: 'c' }, json: { type: 'boolean' } },
  serve: {
    ...common,
    model: { type: 'string', short: 'm', multiple: true },
    port: { type: 'string', default: '8080' },
    listen: { type: 'string', default: '127.0.0.1' },
    ctx: { type: 'string', short: 'c' },
    open: { type: 'boolean' },
  },
  bench: {
    ...common,
    p: { type: 'string', short: 'p' },
    n: { type: 'string', short: 'n' },
    ctx: { type: 'string' },
    runs: { type: 'string' },
    kv: { type: 'string' },
    engine: { type: 'string' },
    memory: { type: 'boolean' },
    seed: { type: 'string' },
    json: { type: 'boolean' },
  },
};

const WHOLE = ['n', 'bits', 'context', 'top-k', 'batch', 'threads', 'now', 'p', 'ctx', 'runs', 'port'];
const NUMBER = ['temp', 'top-p', 'min-p', 'repeat-penalty', 'frequency-penalty', 'presence-penalty'];
const IDS = ['ids', 'tokens'];
const REQUIRED = { detokenize: { ids: '--ids 1,2,3' }, logits: { tokens: '--tokens 1,2,3', output: '-o FILE' } };
const CHOICES = {
  host: ['node', 'wasmtime', 'chromium', 'firefox'],
  build: ['plain', 'relaxed'],
  kv: ['f16', 'q8_0'],
  pooling: ['mean', 'cls', 'last', 'none'],
  bits: [32, 64],
};

const USAGE = {
  run: `[-m MODEL] [-p PROMPT] [-n N] [-c CTX] [--temp T] [--top-k K] [--top-p P] [--min-p P] [--seed S]
                 [--repeat-penalty R] [--frequency-penalty F] [--presence-penalty P] [--system TEXT] [--raw] [--batch N] [--kv f16|q8_0] [--json]`,
  tokenize: '[-m MODEL] [--no-special] [--no-bos]       text on standard input -> token ids',
  detokenize: '[-m MODEL] --ids 1,2,3                      token ids -> text',
  logits: '[-m MODEL] --tokens 1,2,3 [--batch N] [--kv f16|q8_0] -o FILE',
  embed: `[-m MODEL] [-p TEXT | --tokens 1,2,3] [--pooling mean|cls|last|none] [--raw] [-o FILE]
                                                                 --raw: do not normalize to length 1`,
  template: `[-m MODEL | --template FILE] [--bos TEXT] [--eos TEXT] [--now SECONDS]
                                                                 messages as JSON on standard input -> the prompt`,
  info: '[-m MODEL] [-c CTX] [--batch N] [--kv f16|q8_0] [--json]',
  serve: `[-m MODEL ...] [--port 8080] [--ctx N] [--listen 127.0.0.1] [--open]
                                                                 the demo and OpenAI's endpoints`,
  bench: `[-m MODEL] [-p 256] [-n 64] [--ctx 0] [--host node|wasmtime|chromium|firefox] [--runs 5] [--seed 1]
                   [--engine quern|wllama-2|wllama-3|llama.cpp] [--kv f16|q8_0] [--memory] [--json]`,
};
export const COMMANDS = Object.keys(USAGE);

export function usage() {
  const lines = COMMANDS.map((name, i) => `${i ? '      ' : 'usage:'} quern ${name} ${USAGE[name]}\n`);
  return `${lines.join('')}All commands take --host node|wasmtime, --build plain|relaxed, --bits 32|64 and -t THREADS. Without -m they use the default model.\n`;
}

/* The usage of one command, on one line. */
export const usageOf = (command) =>
  Object.hasOwn(USAGE, command ?? '')
    ? `usage: quern ${command} ${USAGE[command].replace(/\s+/g, ' ')}\n`
    : `usage: quern ${COMMANDS.join('|')} ...; see quern help\n`;

function number(name, text, whole) {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || (whole && (!Number.isInteger(value) || value < 0))) {
    throw new UsageError(`--${name} takes a ${whole ? 'whole number' : 'number'}, not "${text}"`);
  }
  if (whole && name !== 'now' && value > 0xffffffff) throw new UsageError(`--${name} must be below 2^32, not ${text}`);
  return value;
}

function ids(name, text) {
  return text.split(',').map((id) => {
    if (!/^\s*\d+\s*$/.test(id) || Number(id) > 0x7fffffff)
      throw new UsageError(`--${name}: "${id}" is not a token id`);
    return Number(id);
  });
}

function seed(text) {
  if (!/^\d+$/.test(text) || BigInt(text) >> 64n)
    throw new UsageError(`--seed takes a whole number below 2^64, not "${text}"`);
  return BigInt(text);
}

/* Converts the values of a command from texts, in place. */
function convert(values) {
  for (const name of WHOLE) if (values[name] !== undefined) values[name] = number(name, values[name], true);
  for (const name of NUMBER) if (values[name] !== undefined) values[name] = number(name, values[name], false);
  for (const name of IDS) if (values[name] !== undefined) values[name] = ids(name, values[name]);
  if (values.seed !== undefined) values.seed = seed(values.seed);
}

function check(command, values) {
  for (const [name, choices] of Object.entries(CHOICES)) {
    if (values[name] !== undefined && !choices.includes(values[name]))
      throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not "${values[name]}"`);
  }
  if (values.threads === 0) throw new UsageError('--threads must be at least 1');
  if (values.port > 65535) throw new UsageError('--port must be at most 65535');
  if (command === 'serve' && (values.host !== 'node' || values.bits !== undefined))
    throw new UsageError('quern serve does not take --host or --bits');
  if (command !== 'bench' && ['chromium', 'firefox'].includes(values.host))
    throw new UsageError(`--host ${values.host} works only with quern bench`);
}

/* The options of a command, from its arguments. Throws a UsageError. */
export function parse(command, args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: commands[command], strict: true }));
  } catch (error) {
    throw new UsageError(error.message.split(/\n|\. /)[0]);
  }
  for (const [name, form] of Object.entries(REQUIRED[command] ?? {})) {
    if (values[name] === undefined) throw new UsageError(`${form} is required`);
  }
  convert(values);
  check(command, values);
  return values;
}
