/* Arguments of the commands. */
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
const NEEDED = { detokenize: { ids: '--ids 1,2,3' }, logits: { tokens: '--tokens 1,2,3', output: '-o FILE' } };
const POOLINGS = ['mean', 'cls', 'last', 'none'];
const HOSTS = ['node', 'wasmtime', 'chromium', 'firefox'];

const USAGE = {
  run: `[-m MODEL] [-p PROMPT] [-n N] [-c CTX] [--temp T] [--top-k K] [--top-p P] [--min-p P] [--seed S]
                 [--repeat-penalty R] [--frequency-penalty F] [--presence-penalty P] [--system TEXT] [--raw] [--batch N] [--kv f16|q8_0] [--json]`,
  tokenize: '[-m MODEL] [--no-special] [--no-bos]       text on standard input -> ids',
  detokenize: '[-m MODEL] --ids 1,2,3',
  logits: '[-m MODEL] --tokens 1,2,3 [--batch N] [--kv f16|q8_0] -o FILE',
  embed: `[-m MODEL] [-p TEXT | --tokens 1,2,3] [--pooling mean|cls|last|none] [--raw] [-o FILE]
                                                                 --raw: not scaled to the length 1`,
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
  return `${lines.join('')}Everywhere: --host node|wasmtime, --build plain|relaxed, --bits 32|64, -t THREADS. Without -m: the default model.\n`;
}

/* Of one command, on one line. */
export const usageOf = (command) =>
  Object.hasOwn(USAGE, command ?? '')
    ? `usage: quern ${command} ${USAGE[command].replace(/\s+/g, ' ')}\n`
    : `usage: quern ${COMMANDS.join('|')} ...; quern help says more\n`;

function number(name, text, whole) {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || (whole && (!Number.isInteger(value) || value < 0))) {
    throw new UsageError(`--${name} takes a ${whole ? 'whole number' : 'number'}, not "${text}"`);
  }
  if (whole && name !== 'now' && value > 0xffffffff) throw new UsageError(`--${name} is larger than anything can be`);
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

export function parse(command, args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: commands[command], strict: true }));
  } catch (error) {
    throw new UsageError(error.message.split(/\n|\. /)[0]);
  }
  for (const [name, form] of Object.entries(NEEDED[command] ?? {})) {
    if (values[name] === undefined) throw new UsageError(`${form} is missing`);
  }
  for (const name of WHOLE) if (values[name] !== undefined) values[name] = number(name, values[name], true);
  for (const name of NUMBER) if (values[name] !== undefined) values[name] = number(name, values[name], false);
  for (const name of IDS) if (values[name] !== undefined) values[name] = ids(name, values[name]);
  if (values.seed !== undefined) values.seed = seed(values.seed);
  if (values.threads === 0) throw new UsageError('--threads starts at 1');
  if (!HOSTS.includes(values.host)) throw new UsageError(`--host is one of ${HOSTS.join(', ')}`);
  if (command === 'serve' && (values.host !== 'node' || values.bits !== undefined))
    throw new UsageError('--host and --bits are not for quern serve');
  if (values.port > 65535) throw new UsageError('--port is at most 65535');
  if (command !== 'bench' && !HOSTS.slice(0, 2).includes(values.host)) {
    throw new UsageError(`--host ${values.host} is for quern bench`);
  }
  if (values.build !== undefined && values.build !== 'plain' && values.build !== 'relaxed') {
    throw new UsageError('--build is plain or relaxed');
  }
  if (values.kv !== undefined && values.kv !== 'f16' && values.kv !== 'q8_0')
    throw new UsageError('--kv is f16 or q8_0');
  if (values.pooling !== undefined && !POOLINGS.includes(values.pooling))
    throw new UsageError(`--pooling is one of ${POOLINGS.join(', ')}`);
  if (values.bits !== undefined && values.bits !== 32 && values.bits !== 64) throw new UsageError('--bits is 32 or 64');
  return values;
}
