/* The table of commands and their options. The parser (options.js) and the help texts (help.js) follow from it.
 *
 * An option: {short, value, kind, range, choices, default, required, multiple, help}. Without `value` it is a flag;
 * `value` is the name of its value in help texts. kind: how the text is converted: 'whole', 'number', 'list' (of
 * whole numbers, or of choices), 'seed', 'think' or 'ids'; by default it stays a text. range: the smallest and the largest number. */

import { WEIGHT_ORDERS } from '../engine/constants.js';

const MAX_U32 = 0xffffffff;
const MAX_I32 = 0x7fffffff;

const model = {
  short: 'm',
  value: 'MODEL',
  help: 'a GGUF file; of a split model, the first file (default: SmolLM2-135M-Instruct)',
};
const common = {
  model,
  host: {
    value: 'HOST',
    choices: ['node', 'wasmtime'],
    default: 'node',
    help: 'the WebAssembly host that runs the engine',
  },
  build: {
    value: 'BUILD',
    choices: ['plain', 'relaxed'],
    help: 'the SIMD instructions to use (default: the fastest that the host supports)',
  },
  threads: {
    short: 't',
    value: 'N',
    kind: 'whole',
    range: [1, 32],
    help: 'number of threads (default: chosen by a short trial)',
  },
  'weight-order': {
    value: 'ORDER',
    choices: WEIGHT_ORDERS,
    help: 'how weights are read for one token; it changes the speed only (default: the faster one in a short trial)',
  },
  bits: {
    value: 'BITS',
    kind: 'whole',
    choices: [32, 64],
    help: 'size of an address (default: 32, or 64 for a model that needs it)',
  },
};
const context = {
  short: 'c',
  value: 'TOKENS',
  kind: 'whole',
  range: [0, MAX_U32],
  help: 'context size in tokens; 0 is the default',
};
const batch = {
  batch: {
    short: 'b',
    value: 'TOKENS',
    kind: 'whole',
    range: [0, MAX_U32],
    help: 'tokens of a prompt that are computed together; 0 is the default',
  },
  kv: { value: 'TYPE', choices: ['f16', 'q8_0'], help: 'type of the KV cache (default: f16)' },
};
const nfc = { nfc: { help: "normalize text to Unicode's NFC first, as the original tokenizers of some models do" } };
const json = { json: { help: 'print JSON' } };
const output = { short: 'o', value: 'FILE', help: 'write raw 32-bit floats to FILE; - is standard output' };
const tokens = { value: 'IDS', kind: 'ids', help: 'token ids, as in 1,2,3' };
const seed = {
  value: 'S',
  kind: 'seed',
  help: 'a whole number below 2^64 that makes the answer repeatable; -1: random',
};

const generation = {
  n: {
    short: 'n',
    value: 'N',
    kind: 'whole',
    range: [-1, MAX_I32],
    help: 'maximum number of tokens to generate (default: 512); -1: until the context is full',
  },
  context: {
    ...context,
    help: 'context size in tokens; 0 is the default: what the answer needs, as far as the model allows',
  },
  temp: {
    value: 'T',
    kind: 'number',
    range: [0, 100],
    help: "temperature; 0 always takes the most likely token (default: the file's value, or 0.8)",
  },
  'top-k': {
    value: 'K',
    kind: 'whole',
    range: [0, MAX_I32],
    help: "sample from the K most likely tokens; 0: all (default: the file's value, or 40)",
  },
  'top-p': {
    value: 'P',
    kind: 'number',
    range: [0, 1],
    help: "sample from the most likely tokens that sum up to P (default: the file's value, or 0.95)",
  },
  'min-p': {
    value: 'P',
    kind: 'number',
    range: [0, 1],
    help: "sample from tokens of at least P times the best probability (default: the file's value, or 0.05)",
  },
  'repeat-penalty': {
    value: 'R',
    kind: 'number',
    range: [0.01, 100],
    help: "above 1, discourages repetition (default: the file's value, or 1)",
  },
  'frequency-penalty': {
    value: 'F',
    kind: 'number',
    range: [-2, 2],
    help: 'subtracted for each time a token has occurred (default: 0)',
  },
  'presence-penalty': {
    value: 'P',
    kind: 'number',
    range: [-2, 2],
    help: 'subtracted once if a token has occurred (default: 0)',
  },
  seed,
  system: { value: 'TEXT', help: 'a system message' },
  template: { value: 'FILE', help: "a chat template in Jinja, instead of the file's" },
  raw: { help: 'use no chat template' },
  ...nfc,
  ...json,
};

const schema = { value: 'SCHEMA', help: 'a JSON Schema: a file, or JSON itself' };
const gbnf = { value: 'FILE', help: 'a grammar in GBNF' };
const regex = { value: 'R', help: 'a regular expression, which matches the whole text' };
const whiteSpace = { help: 'with a JSON Schema: allow white space between JSON tokens' };
const constraint = {
  'json-schema': { ...schema, help: `answer with JSON of this schema: ${schema.help.split(': ')[1]}` },
  grammar: { ...gbnf, help: 'answer with a text of this grammar, in GBNF' },
  regex: { ...regex, help: 'answer with a text that this regular expression matches as a whole' },
  'white-space': whiteSpace,
};

const reading = {
  tools: {
    value: 'FILE',
    help: "a JSON list of tools in OpenAI's form; calls are printed as lines of JSON, not executed",
  },
  think: {
    value: 'HOW',
    kind: 'think',
    help: 'on, off, or N: whether the model reasons before it answers, and for at most N tokens; reasoning is printed to standard error (default: as the chat template chooses)',
  },
};

/* {name: {about, options}} */
export const COMMANDS = {
  run: {
    about: 'answers a prompt',
    options: {
      ...common,
      ...batch,
      prompt: { short: 'p', value: 'TEXT', help: 'the prompt (default: standard input)' },
      ...generation,
      ...constraint,
      ...reading,
      'mask-stats': { help: 'print how long the masks of the grammar took' },
    },
  },
  chat: {
    about: 'holds a conversation in the terminal',
    options: {
      ...common,
      host: { ...common.host, choices: ['node'] },
      ...batch,
      prompt: { short: 'p', value: 'TEXT', help: 'the first message' },
      ...generation,
      ...constraint,
      ...reading,
      n: { ...generation.n, help: 'maximum number of tokens to generate; -1, the default: until the context is full' },
      context: { ...context, help: "context size in tokens; 0 is the default: the model's, at most 4096" },
      json: { help: 'print a line of JSON for each answer' },
    },
  },
  grammar: {
    about: 'tells which texts a grammar accepts; standard input has a JSON string in each line',
    options: {
      ...common,
      model: { ...model, help: 'a GGUF file whose tokens the grammar names (default: none)' },
      host: { ...common.host, choices: ['node'] },
      schema,
      grammar: gbnf,
      regex,
      'white-space': whiteSpace,
    },
  },
  tokenize: {
    about: 'turns the text on standard input into token ids',
    options: {
      ...common,
      'no-special': { help: 'treat special tokens in the text as plain text' },
      'no-bos': { help: 'add no special tokens at the beginning and the end' },
      ...nfc,
    },
  },
  detokenize: {
    about: 'turns token ids into text',
    options: { ...common, ids: { ...tokens, required: true } },
  },
  logits: {
    about: 'computes the logits after each token',
    options: { ...common, ...batch, tokens: { ...tokens, required: true }, output: { ...output, required: true } },
  },
  embed: {
    about: 'computes the embedding of a text',
    options: {
      ...common,
      ...batch,
      prompt: { short: 'p', value: 'TEXT', help: 'the text (default: standard input)' },
      tokens: { ...tokens, help: 'token ids instead of a text, as in 1,2,3' },
      pooling: {
        value: 'HOW',
        choices: ['mean', 'cls', 'last', 'none'],
        help: "how tokens become one embedding; none: an embedding per token (default: the model's)",
      },
      raw: { help: 'do not normalize to length 1' },
      ...nfc,
      output,
    },
  },
  template: {
    about: 'turns messages into a prompt; standard input is a JSON array, or an object with "messages" and "tools"',
    options: {
      ...common,
      template: { value: 'FILE', help: "a Jinja file (default: the model's template)" },
      bos: { value: 'TEXT', help: 'the text of bos_token' },
      eos: { value: 'TEXT', help: 'the text of eos_token' },
      now: {
        value: 'SECONDS',
        kind: 'whole',
        range: [0, Number.MAX_SAFE_INTEGER],
        help: 'the time, in seconds since 1970, for templates that show the date',
      },
    },
  },
  info: {
    about: "shows a model's metadata, tensors and memory plan",
    options: { ...common, ...batch, context, ...json },
  },
  serve: {
    about: "serves the demo and OpenAI's endpoints",
    options: {
      model: { ...model, multiple: true, help: `${model.help}; may be repeated` },
      port: {
        value: 'PORT',
        kind: 'whole',
        range: [0, 65535],
        default: '8080',
        help: 'the port; 0 chooses a free one',
      },
      listen: {
        value: 'ADDRESS',
        default: 'localhost',
        help: 'an address or name of this machine, to let other machines connect (default: only this machine)',
      },
      'api-key': {
        value: 'KEY',
        help: "answer only requests that send this key, as OpenAI's clients do (default: the environment variable QUERN_API_KEY, if set)",
      },
      ctx: { ...context, help: "context size in tokens (default: the model's, at most 4096)" },
      build: common.build,
      threads: common.threads,
      'weight-order': common['weight-order'],
      template: { value: 'FILE', help: "a chat template in Jinja, instead of the files' own" },
      pooling: {
        value: 'HOW',
        choices: ['mean', 'cls', 'last'],
        help: 'how tokens become one embedding, for models whose file does not say so',
      },
      ...nfc,
      open: { help: 'open the demo in the browser' },
    },
  },
  bench: {
    about: 'measures speed; needs a checkout of the repository',
    options: {
      model,
      host: { ...common.host, choices: ['node', 'wasmtime', 'chromium', 'firefox'] },
      build: common.build,
      threads: common.threads,
      bits: common.bits,
      p: { short: 'p', value: 'TOKENS', kind: 'whole', range: [1, MAX_I32], help: 'prompt size (default: 256)' },
      n: { short: 'n', value: 'TOKENS', kind: 'whole', range: [1, MAX_I32], help: 'tokens to generate (default: 64)' },
      rows: {
        value: 'LIST',
        kind: 'list',
        range: [1, 128],
        help: 'instead of decoding, measure passes of so many tokens, as in 1,2,4,8,16',
      },
      ctx: { value: 'TOKENS', kind: 'whole', range: [0, MAX_U32], help: 'tokens in the context before (default: 0)' },
      runs: { value: 'N', kind: 'whole', range: [1, MAX_I32], help: 'number of runs (default: 5)' },
      seed: { ...seed, help: 'seed of the random prompt (default: 1)' },
      kv: batch.kv,
      engine: { value: 'NAME', help: 'quern, wllama-2, wllama-3 or llama.cpp (default: quern)' },
      memory: { help: 'measure the peak memory as well' },
      ...json,
    },
  },
};
