/* `quern bench`: measures one engine on one host with one model. */
import { hosts } from './competitors.js';
import { peakPss, pssBytes } from './pss.js';
import { cellResult } from './rates.js';

const PEER_HOST = { 'wllama-2': 'chromium', 'wllama-3': 'chromium', 'llama.cpp': 'native' };

function cellOf({
  engine = 'quern',
  host,
  build = 'relaxed',
  model,
  p = 256,
  n = 64,
  ctx = 0,
  threads,
  runs,
  seed = 1n,
  bits = 32,
  kv = 'f16',
}) {
  if (engine !== 'quern' && !(engine in PEER_HOST))
    throw new Error(`--engine must be one of quern, ${Object.keys(PEER_HOST).join(', ')}`);
  if (p === 0 || n === 0) throw new Error('-p and -n must be above 0');
  if (runs === 0) throw new Error('--runs must be above 0');
  return {
    engine,
    host: PEER_HOST[engine] ?? host,
    build: engine === 'quern' ? build : null,
    model,
    prompt: p,
    generate: n,
    context: ctx,
    threads,
    bits,
    kv,
    seed: Number(seed),
  };
}

const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
const rate = (name, { min, median, max }) =>
  `${name} ${median.toFixed(1)} tokens/s (${min.toFixed(1)} to ${max.toFixed(1)})`;

function describe(result) {
  const about = [
    `${result.engine} on ${result.host} ${result.version ?? ''}`.trim(),
    result.build && `${result.build} build`,
    result.kv === 'q8_0' && 'KV cache in q8_0',
    `${result.threads} thread${result.threads > 1 ? 's' : ''}`,
    result.load_ms && `loaded in ${Math.round(result.load_ms)} ms`,
    result.peak_bytes && `${mebibytes(result.peak_bytes)} of linear memory`,
    result.peak_pss_bytes &&
      `peak of ${mebibytes(result.peak_pss_bytes)} in all processes, ${mebibytes(result.empty_pss_bytes)} before`,
  ];
  const after = result.context ? ` after ${result.context}` : '';
  return [
    about.filter(Boolean).join(', '),
    rate(`prefill of ${result.prompt}${after}:`, result.prefill_tps),
    rate(`decode of ${result.generate}${after}:`, result.decode_tps),
  ].join('\n');
}

/* Opens the competitor and runs the rounds, after a warm-up round. */
async function measure(cell, all, count) {
  const competitor = await all.open(cell);
  await competitor.round();
  const rounds = [];
  while (rounds.length < count) rounds.push(await competitor.round());
  await competitor.close();
  return cellResult(cell, competitor, rounds);
}

/* Also measures the memory of all of the host's processes, before and at its peak. */
async function measureMemory(cell, all, count) {
  await all.blank(cell.host);
  const empty = pssBytes();
  const { peak, value } = await peakPss(() => measure(cell, all, count));
  return { ...value, empty_pss_bytes: empty, peak_pss_bytes: peak };
}

/* options: those of `quern bench`. */
export async function run(options) {
  const cell = cellOf(options);
  const all = hosts();
  try {
    const result = await (options.memory ? measureMemory : measure)(cell, all, options.runs ?? 5);
    console.log(options.json ? JSON.stringify(result) : describe(result));
  } finally {
    await all.close();
  }
}
