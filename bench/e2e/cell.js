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
  seed = 1n,
  bits = 32,
  kv = 'f16',
  rows,
}) {
  if (engine !== 'quern' && !(engine in PEER_HOST))
    throw new Error(`--engine must be one of quern, ${Object.keys(PEER_HOST).join(', ')}`);
  if (rows && engine !== 'quern') throw new Error('--rows measures only quern, not other engines');
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
    ...(rows && { rows: [...new Set([1, ...rows])].sort((a, b) => a - b) }),
  };
}

const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
const rate = (name, { min, median, max }) =>
  `${name} ${median.toFixed(1)} tokens/s (${min.toFixed(1)} to ${max.toFixed(1)})`;

/* c(k): the time of k tokens in one pass over that of one token. bound: the larger of the time of one token and that of
 * k tokens of a prompt. */
function describeRows({ rows, prompt, prompt_token_s }) {
  const line = (k, time, c, bound) => `${k.padStart(5)}${time.padStart(12)}${c.padStart(8)}${bound.padStart(14)}`;
  const ms = (seconds) => `${(1000 * seconds).toFixed(2)} ms`;
  return [
    line('k', 'time', 'c(k)', 'time / bound'),
    ...rows.map(({ k, pass_s, c, over_bound }) =>
      line(String(k), ms(pass_s.median), c.toFixed(2), over_bound.toFixed(2)),
    ),
    `bound: the larger of time(1) and k tokens of a prompt of ${prompt} (${ms(prompt_token_s)} each)`,
  ].join('\n');
}

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
  const figures = result.rows
    ? [describeRows(result)]
    : [
        rate(`prefill of ${result.prompt}${after}:`, result.prefill_tps),
        rate(`decode of ${result.generate}${after}:`, result.decode_tps),
      ];
  return [about.filter(Boolean).join(', '), ...figures].join('\n');
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
