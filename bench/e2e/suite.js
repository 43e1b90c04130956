#!/usr/bin/env node
/* Runs all end-to-end measurements: `make bench`. Competitors with the same model, thread count and context are open
 * at the same time and take turns, round by round, so that other load on the machine affects all of them. A ratio is
 * the median over the rounds. Only ratios within a run can be compared with other machines. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cache } from '../../web/bin/files.js';
import { hosts, PYTHON } from './competitors.js';
import { LLAMA_BENCH } from './llama-bench.js';
import { besideOthers } from './others.js';
import { cellResult, decodeRates, prefillRates, spread } from './rates.js';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const MODELS = `${cache()}/models`;
const MODEL = {
  smollm2: { name: 'SmolLM2-135M Q4_1', file: 'SmolLM2-135M-Instruct.Q4_1.gguf' },
  gemma3: { name: 'Gemma 3 270M Q4_K_M', file: 'gemma-3-270m-q4_k_m.gguf' },
  'llama1b-q4': {
    name: 'Llama-3.2-1B shape Q4_K_M',
    file: 'synth/llama-3.2-1b.q4_k_m.gguf',
    shape: 'llama-3.2-1b',
    mix: 'q4_k_m',
  },
  'llama1b-q8': {
    name: 'Llama-3.2-1B shape Q8_0',
    file: 'synth/llama-3.2-1b.q8_0.gguf',
    shape: 'llama-3.2-1b',
    mix: 'q8_0',
  },
};
const HOSTS = ['node', 'wasmtime', 'chromium', 'firefox', 'native'];
const PEERS = [
  { engine: 'llama.cpp', host: 'native' },
  { engine: 'wllama-2', host: 'chromium' },
  { engine: 'wllama-3', host: 'chromium' },
];

const USAGE = `make bench BENCH="options", or node bench/e2e/suite.js options; lists are separated by commas
  --models LIST     ${Object.keys(MODEL).join(', ')} (all)
  --hosts LIST      ${HOSTS.join(', ')} (all)
  --builds LIST     plain, relaxed (both)
  --threads LIST    (1,2)
  --contexts LIST   tokens in the KV cache before the measurement (0,1500)
  --rounds N        rounds after a warm-up round (5)
  --minutes M       time limit per group of competitors; each runs at least one round (no limit)
  --others PERCENT  share of the machine that other programs may use; other rounds are repeated (10)
  --no-peers        quern only
  --quick           smollm2, node, chromium and native, relaxed, 2 threads, context 0, 3 rounds
  --name NAME       base name of the files in bench/results (e2e)`;

const OPTIONS = {
  models: { type: 'string' },
  hosts: { type: 'string' },
  builds: { type: 'string' },
  threads: { type: 'string' },
  contexts: { type: 'string' },
  rounds: { type: 'string' },
  minutes: { type: 'string', default: 'Infinity' },
  others: { type: 'string', default: '10' },
  name: { type: 'string', default: 'e2e' },
  'no-peers': { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};
const FULL = {
  models: Object.keys(MODEL).join(),
  hosts: HOSTS.join(),
  builds: 'plain,relaxed',
  threads: '1,2',
  contexts: '0,1500',
  rounds: '5',
};
const QUICK = {
  models: 'smollm2',
  hosts: 'node,chromium,native',
  builds: 'relaxed',
  threads: '2',
  contexts: '0',
  rounds: '3',
};

function selectionOf(values) {
  const given = { ...FULL, ...(values.quick ? QUICK : {}), ...values };
  const list = (name, known) =>
    given[name].split(',').map((word) => {
      if (known && !known.includes(word))
        throw new Error(`--${name} must be one of ${known.join(', ')}, not "${word}"`);
      return word;
    });
  return {
    models: list('models', Object.keys(MODEL)),
    hosts: list('hosts', HOSTS),
    builds: list('builds', ['plain', 'relaxed']),
    threads: list('threads').map(Number),
    contexts: list('contexts').map(Number),
    rounds: Number(given.rounds),
    minutes: Number(given.minutes),
    others: Number(given.others) / 100,
    peers: !given['no-peers'],
  };
}

/* The path of a model, or undefined if it is missing. Models with random weights are created. */
function modelFile(key) {
  const { file, shape, mix } = MODEL[key];
  const path = `${MODELS}/${file}`;
  if (existsSync(path)) return path;
  const vocabulary = `${MODELS}/${MODEL.smollm2.file}`;
  if (!shape || !existsSync(vocabulary)) return undefined;
  console.error(`writing ${path}`);
  mkdirSync(`${MODELS}/synth`, { recursive: true });
  const tool = fileURLToPath(new URL('../../tools/synth_gguf.py', import.meta.url));
  execFileSync(PYTHON, [tool, '--shape', shape, '--mix', mix, '--vocab-from', vocabulary, '-o', path], {
    stdio: 'inherit',
  });
  return path;
}

/* The cells that take turns: all with this model, thread count and context. */
function group(selected, key, file, threads, context) {
  const common = { model: file, prompt: 256, generate: 64, context, threads, seed: 1 };
  const cells = [];
  for (const host of selected.hosts.filter((host) => host !== 'native')) {
    for (const build of selected.builds) cells.push({ engine: 'quern', host, build, ...common });
  }
  if (selected.peers) {
    for (const peer of PEERS.filter(({ host }) => selected.hosts.includes(host)))
      cells.push({ ...peer, build: null, ...common });
  }
  return cells.map((cell) => ({ cell, key, name: `${cell.engine} ${cell.host}${cell.build ? ` ${cell.build}` : ''}` }));
}

const TRIES = 10;
const PAUSE_MS = 3000;

/* Repeats a round until other programs used less than `limit` of the machine; after TRIES, returns the best one. */
async function undisturbed(competitor, limit) {
  let best;
  for (let i = 0; i < TRIES && !(best?.others <= limit); i++) {
    if (i) await setTimeout(PAUSE_MS);
    const { value, others } = await besideOthers(() => competitor.round());
    if (!best || others < best.others) best = { ...value, others };
  }
  return best;
}

/* Runs the rounds of a group in turns. Sets the `rounds` of each entry, or its `error`. */
async function measure(entries, { rounds, minutes, others }, all) {
  const fail = (entry, error) => {
    entry.error = (error.message ?? String(error)).split('\n')[0];
    console.error(`  ${entry.name}: ${entry.error}`);
  };
  for (const entry of entries) {
    try {
      entry.competitor = await all.open(entry.cell);
      entry.rounds = [];
      await entry.competitor.round();
    } catch (error) {
      fail(entry, error);
    }
  }
  const end = performance.now() + minutes * 60000;
  for (let round = 0; round === 0 || (round < rounds && performance.now() < end); round++) {
    for (const entry of entries.filter((entry) => !entry.error)) {
      try {
        entry.rounds.push(await undisturbed(entry.competitor, others));
      } catch (error) {
        fail(entry, error);
      }
    }
  }
  for (const entry of entries) await entry.competitor?.close().catch(() => {});
}

/* The median over the rounds of the speed relative to the peer; null if either has no figures. */
function ratio(entry, peer, rates) {
  if (!peer || peer.error || entry.error) return null;
  const own = rates(entry.cell, entry.rounds);
  const other = rates(peer.cell, peer.rounds);
  return spread(own.map((value, round) => value / other[round])).median;
}

function rowsOf(entries) {
  return entries.map((entry) => {
    const { cell, competitor, rounds, error } = entry;
    const row = {
      model: MODEL[entry.key].name,
      file: basename(cell.model),
      engine: cell.engine,
      host: cell.host,
      version: competitor?.version ?? '',
      build: cell.build ?? '',
      threads: cell.threads,
      context: cell.context,
      prompt: cell.prompt,
      generate: cell.generate,
      error: error ?? '',
    };
    if (error) return row;
    const result = cellResult(cell, competitor, rounds);
    const fixed = (value, digits) => (value === null || value === undefined ? '' : value.toFixed(digits));
    row.rounds = rounds.length;
    row.others = fixed(Math.max(...rounds.map((round) => round.others)), 2);
    row.load_ms = fixed(result.load_ms, 0);
    row.peak_bytes = result.peak_bytes ?? '';
    row.logits_crc32 = result.logits_crc32 ?? '';
    for (const [phase, rates] of [
      ['prefill', prefillRates],
      ['decode', decodeRates],
    ]) {
      for (const [key, value] of Object.entries(result[`${phase}_tps`])) row[`${phase}_tps_${key}`] = fixed(value, 2);
      for (const { engine } of PEERS) {
        row[`${phase}_vs_${engine}`] = fixed(
          ratio(
            entry,
            entries.find(({ cell }) => cell.engine === engine),
            rates,
          ),
          3,
        );
      }
    }
    return row;
  });
}

const COLUMNS = [
  'model',
  'file',
  'engine',
  'host',
  'version',
  'build',
  'threads',
  'context',
  'prompt',
  'generate',
  'rounds',
  'others',
  'load_ms',
  'peak_bytes',
  'logits_crc32',
  ...['prefill', 'decode'].flatMap((phase) => [
    ...['min', 'median', 'max'].map((key) => `${phase}_tps_${key}`),
    ...PEERS.map(({ engine }) => `${phase}_vs_${engine}`),
  ]),
  'error',
];

/* Throws unless all hosts, builds and thread counts computed the same logits. */
function sameLogits(rows) {
  const groups = new Map();
  for (const row of rows.filter((row) => row.logits_crc32)) {
    const key = `${row.model} after ${row.context}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  for (const [key, of] of groups) {
    const first = of[0].logits_crc32;
    const other = of.find((row) => row.logits_crc32 !== first);
    if (other)
      throw new Error(
        `${key}: the logits of ${other.host} ${other.build} with ${other.threads} thread(s) differ from those of ${of[0].host} ${of[0].build}`,
      );
  }
}

function csv(rows) {
  const quote = (value) => (/[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value);
  const lines = [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column] ?? ''))];
  return lines.map((line) => `${line.map(quote).join(',')}\n`).join('');
}

function table(rows) {
  const head = [
    'engine',
    'host',
    'build',
    'prefill',
    'x native',
    'x wllama2',
    'x wllama3',
    'decode',
    'x native',
    'x wllama2',
    'x wllama3',
    'MiB',
    'others',
  ];
  const times = (value) => (value ? Number(value).toFixed(2) : '-');
  const lines = rows.map((row) =>
    row.error
      ? [row.engine, row.host, row.build, row.error]
      : [
          row.engine,
          row.host,
          row.build,
          Number(row.prefill_tps_median).toFixed(1),
          ...PEERS.map(({ engine }) => times(row[`prefill_vs_${engine}`])),
          Number(row.decode_tps_median).toFixed(1),
          ...PEERS.map(({ engine }) => times(row[`decode_vs_${engine}`])),
          row.peak_bytes ? (row.peak_bytes / 2 ** 20).toFixed(0) : '-',
          `${Math.round(100 * row.others)}%`,
        ],
  );
  const widths = head.map((word, i) =>
    Math.max(word.length, ...lines.filter((line) => line.length === head.length).map((line) => String(line[i]).length)),
  );
  return [head, ...lines]
    .map((line) =>
      line.map((word, i) => (i < 3 ? String(word).padEnd(widths[i]) : String(word).padStart(widths[i]))).join('  '),
    )
    .join('\n');
}

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const selected = selectionOf(values);
  mkdirSync(RESULTS, { recursive: true });
  if (selected.peers && selected.hosts.includes('native') && !existsSync(LLAMA_BENCH)) {
    console.error(`no native figures: ${LLAMA_BENCH} is missing; set QUERN_LLAMA_BENCH to the path of llama-bench`);
    selected.hosts = selected.hosts.filter((host) => host !== 'native');
  }
  const file = `${RESULTS}${values.name}.csv`;
  const rows = [];
  console.log(
    `${cpus()[0].model}, ${cpus().length} cores; prefill of 256 and decode of 64 tokens in tokens/s, medians of up to ${selected.rounds} rounds`,
  );
  const all = hosts();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => all.close().finally(() => process.exit(1)));
  try {
    for (const key of selected.models) {
      const model = modelFile(key);
      if (!model) {
        console.error(`skipping ${MODEL[key].name}: ${MODELS}/${MODEL[key].file} is missing`);
        continue;
      }
      for (const threads of selected.threads) {
        for (const context of selected.contexts) {
          const entries = group(selected, key, model, threads, context);
          console.log(
            `\n${MODEL[key].name}, ${threads} thread(s), after ${context} tokens (load before: ${loadavg()[0].toFixed(1)})`,
          );
          await measure(entries, selected, all);
          const measured = rowsOf(entries);
          rows.push(...measured);
          console.log(table(measured));
          writeFileSync(file, csv(rows)); /* after each group, so that an interrupted run keeps its results */
        }
      }
    }
  } finally {
    await all.close();
  }
  console.log(`\n${file}`);
  sameLogits(rows);
  execFileSync(PYTHON, [fileURLToPath(new URL('plot.py', import.meta.url)), file], { stdio: 'inherit' });
}

await main();
