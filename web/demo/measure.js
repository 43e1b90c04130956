/* The page that measures: loads a model, measures it, and shows the figures next to published ones. */
import { listModels, loadModel } from '../index.js';
import { readAddress } from './address.js';
import { catalog, fetchCatalog, fileOf, isUrlOf, nameOf, sourceOf } from './catalog.js';
import { $, announce, h, showProblem } from './dom.js';
import { controlled } from './installed.js';
import { Measurement } from './measurement.js';
import { answerProblem, loadingProblem } from './problems.js';
import { Progress } from './progress.js';
import { drawReport, startReport } from './report.js';
import './theme.js';

const TUNING = 60_000; // ms that the trial of the number of threads may take
let sources = []; // of the options of the list of models
let abort; // of the running measurement

/* The source that the visitor has chosen, or { problem }. */
function chosenSource() {
  const chosen = $('model').value;
  if (chosen === 'url') {
    const { address, problem } = readAddress($('url').value.trim());
    return problem ? { problem } : { from: address };
  }
  if (chosen !== 'file') return { from: sources[Number(chosen)] };
  const [file] = $('file').files;
  return file ? { from: file } : { problem: 'Choose a GGUF file.' };
}

const isStored = async (from) => (await listModels()).some(({ url, complete }) => complete && isUrlOf(from, url));

async function loadOnce(from, options) {
  const progress = new Progress(nameOf(from), Promise.resolve('Loading'));
  try {
    return await loadModel(from, { ...options, onProgress: (state) => progress.update(state) });
  } finally {
    progress.close();
  }
}

/* Loads the model; if it was downloaded and is now stored, loads it a second time. Adds to report.loads. */
async function loadMeasured(from, options, report) {
  const load = async () => {
    const model = await loadOnce(from, options);
    report.loads.push({ from: model.info.from, ms: model.info.loadMs });
    return model;
  };
  const model = await load();
  if (model.info.encoder) {
    await model.free();
    throw new Error('This model is an encoder: it produces embeddings, not text. Choose a chat model.');
  }
  if (model.info.from !== 'network' || !(await isStored(from))) return model;
  await model.free();
  report.notes.length = 0; // the second load has the same ones
  return load();
}

/* Resolves when the engine has chosen its number of threads. */
async function tuned(model, signal) {
  for (const start = performance.now(); model.info.tuning && performance.now() - start < TUNING; ) {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    signal.throwIfAborted();
  }
}

function showPart(text, share) {
  $('measuring').hidden = !text;
  $('measuring-text').textContent = text ?? '';
  $('measuring-bar').value = share ?? 0;
}

/* What a report says about the machine and the model. */
function described(model, from, threads) {
  const { name, build, reason, plan } = model.info;
  return {
    date: new Date().toISOString(),
    browser: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    isolated: crossOriginIsolated,
    model: { name: nameOf(from), file: fileOf(from), title: name, bytes: plan.fileBytes },
    build,
    reason,
    threads_wanted: threads ?? null,
  };
}

async function measure(model, { rounds, signal, report }) {
  let state = '';
  let done = 0; // rounds, with the one to warm up
  const measurement = new Measurement(model, {
    signal,
    onPart: (part, share) => showPart(`${state}: ${part}`, (done + share) / (rounds + 1)),
  });
  showPart('Choosing the number of threads', 0);
  await tuned(model, signal);
  await measurement.open();
  state = 'Warming up';
  await measurement.warmUp();
  for (done = 1; done <= rounds; done++) {
    state = `Round ${done} of ${rounds}`;
    if (document.hidden) report.hidden = true;
    await measurement.addRound();
    const { threads, weightOrder, memoryBytes } = model.info;
    Object.assign(report, { threads, weight_order: weightOrder, memory_bytes: memoryBytes });
    Object.assign(report, { ...measurement.result(), rounds: measurement.rounds });
    drawReport(report);
  }
}

async function run({ from, threads, rounds }) {
  abort = new AbortController();
  const { signal } = abort;
  const report = { loads: [], notes: [], hidden: document.hidden };
  let model;
  try {
    await controlled();
    const onNote = (note) => report.notes.push(note);
    const options = { contextSize: 512, signal, onNote, ...(threads && { threads }) };
    model = await loadMeasured(from, options, report);
    Object.assign(report, described(model, from, threads));
    await measure(model, { rounds, signal, report });
    announce('The measurement is complete');
    $('results-title').focus();
  } catch (error) {
    if (signal.aborted) announce('Stopped');
    else showProblem(model ? answerProblem(error) : loadingProblem(error, nameOf(from), from));
  }
  showPart();
  await model?.free();
}

async function start(event) {
  event.preventDefault();
  showProblem();
  const { from, problem } = chosenSource();
  if (problem) return showProblem(problem);
  const threads = $('threads').value === '' ? undefined : Number($('threads').value);
  $('results').hidden = true;
  $('start').hidden = true;
  $('stop').hidden = false;
  $('stop').focus();
  await run({ from, threads, rounds: Number($('rounds').value) });
  const stopping = document.activeElement === $('stop');
  $('stop').hidden = true;
  $('start').hidden = false;
  if (stopping || document.activeElement === document.body) $('start').focus();
}

function showFields() {
  for (const kind of ['url', 'file']) $(`${kind}-setting`).hidden = $('model').value !== kind;
}

/* Fills the list of models: the catalog, other stored models, a URL and a file. wanted: the URL to choose. */
async function fillModels(wanted) {
  await fetchCatalog();
  const listed = catalog().map((entry) => ({
    from: sourceOf(entry),
    text: `${entry.name} (${entry.megabytes} MB)`,
  }));
  const isListed = (url) => listed.some(({ from }) => isUrlOf(from, url));
  const stored = (await listModels().catch(() => [])).filter(({ url }) => !isListed(url));
  listed.push(...stored.map(({ url }) => ({ from: url, text: `${nameOf(url)} (stored)` })));
  sources = listed.map(({ from }) => from);
  const options = [
    ...listed.map(({ text }, at) => [at, text]),
    ['url', 'Another URL…'],
    ['file', 'A file on this device…'],
  ];
  $('model').replaceChildren(...options.map(([value, text]) => h('option', { value }, text)));
  const at = wanted ? sources.findIndex((from) => isUrlOf(from, wanted)) : 0;
  $('model').value = at < 0 ? 'url' : at;
  if (at < 0) $('url').value = wanted;
  showFields();
}

const wanted = new URLSearchParams(location.search).get('model');
$('model').addEventListener('change', showFields);
$('form').addEventListener('submit', start);
$('stop').addEventListener('click', () => abort?.abort());
await Promise.all([fillModels(wanted && new URL(wanted, location.href).href), startReport()]);
document.body.dataset.started = '';
