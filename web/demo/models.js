/* The model: choosing, loading, what is known of it, and what is kept on this device. */
import { deleteModel, listModels, loadModel, storageInfo } from '../index.js';
import { $, announce, bytes, h, kept, problem } from './dom.js';
import { worksOffline } from './installed.js';
import { closePanel, panelOpen } from './panels.js';
import { isNoModel, loadingProblem } from './problems.js';
import { Progress } from './progress.js';
import { loadSettings, settingsLoaded } from './settings.js';

const LAST = 'quern.model';
let model, arriving, loading, source, title, prepare; // arriving: can be asked, but is not whole yet; title: what the page calls the model
let notes = [];
let waiting = [];

export const currentModel = () => model;

/* Resolves to the model, as soon as it can be asked. */
export function modelReady(signal) {
  if (model ?? arriving) return Promise.resolve(model ?? arriving);
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/* What a person would call it: the last part of an address, the file's name. */
export function nameOf(from) {
  const path = from instanceof File ? from.name : (from.file ?? new URL(from, location.href).pathname);
  return decodeURIComponent(path.split('/').at(-1)).replace(/\.gguf$/i, '');
}

function changed() {
  document.body.dataset.model = loading ? 'loading' : model ? 'ready' : 'none';
  $('model-name').textContent = loading?.name ?? (model ? title : 'No model yet');
  document.dispatchEvent(new Event('model'));
  if (panelOpen('models')) drawModels();
}

/* Loads a model in the place of the present one. `from`: address, File, or { repo, file, revision }. */
export async function load(from, name = nameOf(from)) {
  loading?.abort.abort();
  if (model ?? arriving) document.dispatchEvent(new Event('leaving'));
  arriving = undefined;
  const mine = { from, name, abort: new AbortController() };
  loading = mine;
  notes = [];
  problem();
  closePanel();
  const progress = new Progress(name, stageOf(from));
  changed();
  try {
    await model?.free();
    model = undefined;
    await prepare();
    const loaded = await loadModel(from, {
      ...loadSettings(),
      early: true,
      signal: mine.abort.signal,
      onProgress: (state) => {
        if (loading === mine) progress.update(state);
      },
      onNote: (note) => notes.push(String(note.text ?? note)),
    });
    if (loading !== mine) return void loaded.free();
    if (loaded.info.encoder) {
      await loaded.free();
      throw new Error('It is an encoder: it turns texts into vectors and writes none. Choose a model that chats.');
    }
    arriving = loaded;
    for (const { resolve } of waiting) resolve(loaded);
    waiting = [];
    await loaded.loaded;
    if (loading !== mine) return void loaded.free();
    model = loaded;
    source = from;
    title = name;
    if (!(from instanceof File)) kept.set(LAST, { from, name });
    navigator.storage?.persist?.();
    settingsLoaded();
    announce(`${name} is ready`);
  } catch (error) {
    if (loading !== mine) return;
    if (!mine.abort.signal.aborted) problem(loadingProblem(error, name, from));
    if (isNoModel(error)) await forget(from);
    const reason = mine.abort.signal.aborted ? new Error('Without a model there is no answer.') : error;
    for (const { reject } of waiting) reject(reason);
    waiting = [];
  } finally {
    if (loading === mine) {
      loading = arriving = undefined;
      progress.close();
      changed();
    }
  }
}

/* An address as a person has it: without https://, or of the page about the file on Hugging Face. */
function loadAddress(text) {
  const written = /^[a-z]+:/i.test(text) ? text : `https://${text}`;
  if (/\s/.test(text) || !URL.canParse(written))
    return problem(`“${text}” is no address. One looks like https://example.org/model.gguf`);
  const url = new URL(written);
  if (url.host === 'huggingface.co') url.pathname = url.pathname.replace(/^(\/[^/]+\/[^/]+)\/blob\//, '$1/resolve/');
  $('url').value = '';
  return load(url.href);
}

export const loadAgain = () => source && load(source, title);

const isOf =
  (from) =>
  ({ url }) =>
    from.repo ? url.includes(`/${from.repo}/`) && url.endsWith(`/${from.file}`) : url === from;

const storedAs = async (from) => (from instanceof File ? [] : (await listModels().catch(() => [])).filter(isOf(from)));

async function stageOf(from) {
  if (from instanceof File) return 'is read from the file';
  const stored = await storedAs(from);
  return stored.some(({ complete }) => complete) ? 'is read from this device' : 'is being downloaded';
}

/* What is no model is not kept either. */
async function forget(from) {
  for (const { key } of await storedAs(from))
    await deleteModel(key).catch(() => {
      /* another tab has it open */
    });
}

/* The model of the last visit, if its bytes are still here. */
export async function loadLast() {
  const last = kept.get(LAST);
  if (!last) return;
  const stored = await storedAs(last.from);
  if (stored.some(({ complete }) => complete)) await load(last.from, last.name);
}

const BUILDS = { relaxed: 'relaxed SIMD', simd128: 'SIMD' };

export function facts() {
  if (!model) return [];
  const { name, build, reason, threads, memoryBytes, contextSize } = model.info;
  return [
    ['Model', name === title ? '' : name],
    ['Build', build],
    ['Because', reason],
    ['Threads', `${threads}${threads === 1 && build.endsWith('-mt') ? ', as more were no faster' : ''}`],
    ['Memory', bytes(memoryBytes)],
    ['Context', `${contextSize.toLocaleString('en')} tokens`],
    ['Offline', worksOffline() ? 'this page is kept on this device' : ''],
  ].filter(([, value]) => value !== undefined && value !== '');
}

/* In a line; `used` is what the last answer took of the context. */
export function statusLine(used) {
  if (!model) return '';
  const { build = '', threads, memoryBytes, contextSize } = model.info;
  const kind = Object.entries(BUILDS).find(([word]) => build.includes(word))?.[1] ?? build;
  const parts = [`${threads} thread${threads === 1 ? '' : 's'}`, kind, `${bytes(memoryBytes)} of memory`];
  if (used) parts.push(`${used.toLocaleString('en')} of ${contextSize.toLocaleString('en')} tokens`);
  return parts.join(' · ');
}

export async function drawModels() {
  $('facts').replaceChildren(...facts().flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  $('notes').replaceChildren(...notes.map((note) => h('li', {}, note)));
  const stored = await listModels().catch(() => []);
  const { usage, quota } = await storageInfo().catch(() => ({}));
  $('storage').hidden = stored.length === 0;
  $('others').textContent = stored.length > 0 ? 'Other models' : 'Models to choose from';
  $('quota').textContent = quota ? `${bytes(usage)} used of ${bytes(quota)} that this browser allows.` : '';
  $('stored').replaceChildren(...stored.map(storedLine));
}

function storedLine({ key, name: path, url, size, bytes: here, complete }) {
  const name = nameOf({ file: path });
  const remove = () =>
    deleteModel(key)
      .then(
        () => announce(`${name} deleted`),
        (error) => problem(`${name} could not be deleted: ${error.message}`),
      )
      .then(drawModels);
  return h(
    'li',
    {},
    h(
      'button',
      { class: 'open', type: 'button', onclick: () => load(url) },
      name,
      h('small', {}, complete ? bytes(size) : `${bytes(here)} of ${bytes(size)}, to be continued`),
    ),
    h('button', { class: 'quiet', type: 'button', onclick: remove, 'aria-label': `Delete ${name}` }, 'Delete'),
  );
}

function card({ name, about, megabytes, repo, file, url }) {
  const from = url ? new URL(url, location.href).href : { repo, file };
  return h(
    'li',
    {},
    h(
      'button',
      { type: 'button', onclick: () => load(from, name) },
      h('span', { class: 'title' }, name, h('span', { class: 'size' }, megabytes ? `${megabytes} MB` : '')),
      h('span', { class: 'about' }, about),
    ),
  );
}

function acceptDrops() {
  const hasFile = (event) => event.dataTransfer?.types.includes('Files');
  let depth = 0;
  addEventListener('dragenter', (event) => {
    if (hasFile(event)) {
      depth++;
      $('drop').hidden = false;
    }
  });
  addEventListener('dragleave', (event) => {
    if (hasFile(event) && --depth <= 0) {
      depth = 0;
      $('drop').hidden = true;
    }
  });
  addEventListener('dragover', (event) => {
    if (hasFile(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth = 0;
    $('drop').hidden = true;
    load(event.dataTransfer.files[0]);
  });
}

/* before: awaited before the engine is first used. */
export async function startModels({ before }) {
  prepare = before;
  $('from-url').addEventListener('submit', (event) => {
    event.preventDefault();
    loadAddress($('url').value.trim());
  });
  $('file').addEventListener('change', () => {
    if ($('file').files.length > 0) load($('file').files[0]);
    $('file').value = '';
  });
  $('loading-cancel').addEventListener('click', () => loading?.abort.abort());
  acceptDrops();
  changed();
  const list = await fetch('models.json')
    .then((response) => response.json())
    .catch(() => []); /* there still are addresses and files */
  $('cards').replaceChildren(...list.map(card));
}
