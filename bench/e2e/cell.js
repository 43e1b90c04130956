/* `quern bench`: one engine on one host with one model. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hosts } from './competitors.js';
import { peakPss, pssBytes } from './pss.js';
import { cellResult } from './rates.js';

export const USAGE = `quern bench -m MODEL [options]
  -m, --model FILE     the GGUF to measure with
  -p, --prompt N       tokens of a prompt, computed at once (256)
  -n, --generate N     tokens computed one by one (64)
  -t, --threads N      1 takes the module without threads (1)
      --ctx N          tokens in the cache before (0)
      --host HOST      node, wasmtime, chromium or firefox (node); native with --engine llama.cpp
      --build BUILD    plain (SIMD128 only) or relaxed (relaxed)
      --engine ENGINE  quern, wllama-2, wllama-3 or llama.cpp (quern)
  -r, --rounds N       measured after one to warm up (5)
      --seed N         of the tokens (1)
      --memory         measure also what all processes of the host take, and what its empty page takes
      --json           one object, for programs`;

const OPTIONS = {
  model: { type: 'string', short: 'm' },
  prompt: { type: 'string', short: 'p', default: '256' },
  generate: { type: 'string', short: 'n', default: '64' },
  threads: { type: 'string', short: 't', default: '1' },
  ctx: { type: 'string', default: '0' },
  host: { type: 'string' },
  build: { type: 'string', default: 'relaxed' },
  engine: { type: 'string', default: 'quern' },
  rounds: { type: 'string', short: 'r', default: '5' },
  seed: { type: 'string', default: '1' },
  memory: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};
const HOST_OF = { quern: 'node', 'wllama-2': 'chromium', 'wllama-3': 'chromium', 'llama.cpp': 'native' };

function count(text, name, least) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name} ${text}: a whole number from ${least} on is needed`);
  return value;
}

function cellOf(values) {
  if (!values.model) throw new Error('-m MODEL is missing');
  if (!(values.engine in HOST_OF)) throw new Error(`there is no engine ${values.engine}`);
  if (!['plain', 'relaxed'].includes(values.build)) throw new Error(`there is no build ${values.build}`);
  return {
    engine: values.engine,
    host: values.host ?? HOST_OF[values.engine],
    build: values.engine === 'quern' ? values.build : null,
    model: values.model,
    prompt: count(values.prompt, 'prompt', 1),
    generate: count(values.generate, 'generate', 1),
    context: count(values.ctx, 'ctx', 0),
    threads: count(values.threads, 'threads', 1),
    seed: count(values.seed, 'seed', 0),
  };
}

const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
const line = (name, { min, median, max }) => `${name} ${median.toFixed(1)} tokens/s (${min.toFixed(1)} to ${max.toFixed(1)})`;

function describe(result) {
  const memory = result.peak_bytes ? `, ${mebibytes(result.peak_bytes)} of linear memory` : '';
  const load = result.load_ms === null ? '' : `, loaded in ${Math.round(result.load_ms)} ms`;
  return [
    `${result.engine} on ${result.host} ${result.version ?? ''}, ${result.build ?? ''} build, ${result.threads} thread(s)${load}${memory}`,
    line(`prefill of ${result.prompt}:`, result.prefill_tps),
    line(`decode of ${result.generate}:`, result.decode_tps),
    ...(result.peak_pss_bytes ? [`all processes: at most ${mebibytes(result.peak_pss_bytes)}, ${mebibytes(result.empty_pss_bytes)} before`] : []),
  ].join('\n');
}

/* Opens the competitor and runs the rounds, one to warm up before. */
async function measure(cell, all, count) {
  const competitor = await all.open(cell);
  await competitor.round();
  const rounds = [];
  while (rounds.length < count) rounds.push(await competitor.round());
  await competitor.close();
  return cellResult(cell, competitor, rounds);
}

export async function main(args) {
  const { values } = parseArgs({ args, options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const cell = cellOf(values);
  const rounds = count(values.rounds, 'rounds', 1);
  const all = hosts();
  try {
    let result;
    if (values.memory) {
      await all.blank(cell.host);
      const empty = pssBytes();
      const { peak, value } = await peakPss(() => measure(cell, all, rounds));
      result = { ...value, empty_pss_bytes: empty, peak_pss_bytes: peak };
    } else {
      result = await measure(cell, all, rounds);
    }
    console.log(values.json ? JSON.stringify(result) : describe(result));
  } finally {
    await all.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
