/* Shows the figures of a measurement next to published ones, and exports them. */
import { modelOf } from './catalog.js';
import { $, bytes, copyButton, h, saveText } from './dom.js';

const IS_FIREFOX = /Firefox/.test(navigator.userAgent);
let report; // the current one
let published = { figures: [] };

const number = (value) => (value < 99.5 ? value.toPrecision(3) : value.toFixed(0));
const ms = (value) => (value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`);
const count = (value, name) => `${value} ${name}${value === 1 ? '' : 's'}`;

const withSpread = ({ min, median, max }) => [number(median), h('small', {}, `${number(min)}–${number(max)}`)];

/* The lines of the table: a name, the figure of this browser and a published one. */
function linesOf({ prompt, generate, prefill_tps, decode_tps, loads, memory_bytes, rows }) {
  const kinds = { network: 'from the network', store: 'from this browser’s storage', file: 'from the file' };
  return [
    [`Prompt of ${prompt} tokens (tokens/s)`, withSpread(prefill_tps), ({ prefill_tps: tps }) => number(tps)],
    [`${generate} tokens, one by one (tokens/s)`, withSpread(decode_tps), ({ decode_tps: tps }) => number(tps)],
    ...loads.map(({ from, ms: time }) => [
      `Loading ${kinds[from] ?? ''}`,
      [ms(time)],
      ({ load_ms: value }) => value && ms(value),
    ]),
    ['Memory', [bytes(memory_bytes)], ({ peak_bytes: value }) => value && bytes(value)],
    ...rows.filter(({ k }) => k > 1).map(({ k, c }) => [`c(${k})`, [c.toFixed(2)], () => undefined]),
  ];
}

/* The chosen published figures: a list of { name, figures }, one for each engine. */
function chosenColumns() {
  const { model, threads } = JSON.parse($('published').value || '{}');
  const set = published.figures.filter((each) => each.model === model && each.threads === threads);
  const build = report.build.startsWith('relaxed') ? 'relaxed' : 'plain';
  const [host, browser] = IS_FIREFOX ? ['firefox', 'Firefox'] : ['chromium', 'Chromium'];
  const columns = {
    [`Quern in ${browser}`]: (each) => each.engine === 'quern' && each.host === host && each.build === build,
    'llama.cpp, native': (each) => each.engine === 'llama.cpp',
  };
  return Object.entries(columns)
    .map(([name, fits]) => ({ name, figures: set.find(fits) }))
    .filter(({ figures }) => figures);
}

function drawTable() {
  const columns = chosenColumns();
  const head = (text) => h('th', { scope: 'col' }, text);
  $('head').replaceChildren(head('Figure'), head('Here'), ...columns.map(({ name }) => head(name)));
  const line = ([name, here, of]) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', {}, ...here),
      ...columns.map(({ figures }) => h('td', {}, of(figures) || '–')),
    );
  $('figures').replaceChildren(...linesOf(report).map(line));
}

/* Chooses the published figures of the same model, in any quantization, if there are some. */
function choosePublished() {
  const same = published.figures.find(({ file }) => modelOf(file) === modelOf(report.model.file));
  $('published').value = same ? JSON.stringify({ model: same.model, threads: Math.min(2, report.threads) }) : '';
}

export function drawReport(next) {
  if (report !== next) {
    report = next;
    choosePublished();
  }
  const { model, build, threads, cores, rounds, browser, hidden, notes } = report;
  const facts = [
    model.file,
    `build ${build}`,
    count(threads, 'thread'),
    count(cores, 'processor'),
    count(rounds.length, 'round'),
    browser,
    ...(hidden ? ['the page was hidden for some of the time'] : []),
    ...notes,
  ];
  $('about').textContent = facts.join(' · ');
  drawTable();
  $('results').hidden = false;
}

const asText = () => `${JSON.stringify(report, null, 2)}\n`;

export async function startReport() {
  $('save').addEventListener('click', () => saveText(asText(), 'quern-measurement.json', 'application/json'));
  $('copy').append(copyButton('Copy the JSON', asText));
  $('published').addEventListener('change', drawTable);
  published = await fetch('vendor/published.json')
    .then((response) => response.json())
    .catch(() => published);
  const sets = [...new Set(published.figures.map(({ model, threads }) => JSON.stringify({ model, threads })))];
  const option = (value) => {
    const { model, threads } = JSON.parse(value);
    return h('option', { value }, `${model}, ${count(threads, 'thread')}`);
  };
  $('published').replaceChildren(h('option', { value: '' }, 'None'), ...sets.map(option));
  $('source').replaceChildren(
    'The published figures come from the machine that ',
    h('a', { href: published.source }, 'docs/performance.md'),
    ' describes; their models were loaded from a server on that machine.',
  );
  $('published').parentElement.hidden = $('source').hidden = sets.length === 0;
}
