/* The model: choosing and loading one, what is known about it, and which ones are stored on this device. */
import { deleteModel, listModels, loadModel, storageInfo } from '../index.js';
import { $, announce, bytes, h, showProblem, storage } from './dom.js';
import { worksOffline } from './installed.js';
import { isNoModel, loadingProblem } from './problems.js';
import { Progress } from './progress.js';
import { loadSettings, settingsLoaded } from './settings.js';
import { closeSidebar, sidebarOpen } from './sidebars.js';

const LAST = 'quern.model';
export const CANCELED = 'Loading was canceled. Choose a model to get an answer.';
let model; // loaded completely
let arriving; // accepts requests while the rest of its file is loading
let loading; // { from, name, abort } while a model loads
let source, title; // where the current model came from, and the name that the page shows
let prepare;
let notes = [];
let waiting = []; // { resolve, reject } of each modelReady()

export const currentModel = () => model;

/* Resolves to the model as soon as it accepts requests. */
export function modelReady(signal) {
  if (model ?? arriving) return Promise.resolve(model ?? arriving);
  return new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function settleWaiting(settle) {
  for (const each of waiting) settle(each);
  waiting = [];
}

/* A readable name: the last part of the URL or the file's name, without .gguf. */
export function nameOf(from) {
  const path = from instanceof File ? from.name : (from.file ?? new URL(from, location.href).pathname);
  return decodeURIComponent(path.split('/').at(-1)).replace(/\.gguf$/i, '');
}

function changed() {
  let state = 'none';
  if (loading) state = 'loading';
  else if (model) state = 'ready';
  document.body.dataset.model = state;
  $('model-name').textContent = loading?.name ?? (model ? title : 'Choose a model');
  document.dispatchEvent(new Event('model'));
  if (sidebarOpen('models')) drawModels();
}

/* Resolves to the whole model, or to undefined if another load has replaced this one. */
async function loadWhole(own, progress) {
  await model?.free();
  model = undefined;
  await prepare();
  const loaded = await loadModel(own.from, {
    ...loadSettings(),
    early: true,
    signal: own.abort.signal,
    onProgress: (state) => {
      if (loading === own) progress.update(state);
    },
    onNote: (note) => notes.push(String(note.text ?? note)),
  });
  if (loading !== own) return void loaded.free();
  if (loaded.info.encoder) {
    await loaded.free();
    throw new Error('This model is an encoder: it produces embeddings, not text. Choose a chat model.');
  }
  arriving = loaded;
  settleWaiting(({ resolve }) => resolve(loaded));
  await loaded.loaded;
  if (loading !== own) return void loaded.free();
  return loaded;
}

async function loadFailed(error, { from, name, abort }) {
  const canceled = abort.signal.aborted;
  const text = canceled ? CANCELED : loadingProblem(error, name, from);
  if (!canceled) showProblem(text);
  if (isNoModel(error)) await deleteStored(from);
  settleWaiting(({ reject }) => reject(new Error(text)));
}

/* Loads a model and frees the current one. from: a URL, a File or { repo, file, revision }. */
export async function load(from, name = nameOf(from)) {
  loading?.abort.abort();
  if (model ?? arriving) document.dispatchEvent(new Event('leaving'));
  arriving = undefined;
  const own = { from, name, abort: new AbortController() };
  loading = own;
  notes = [];
  showProblem();
  closeSidebar();
  const progress = new Progress(name, stageOf(from));
  changed();
  try {
    const loaded = await loadWhole(own, progress);
    if (!loaded) return;
    model = loaded;
    source = from;
    title = name;
    if (!(from instanceof File)) storage.set(LAST, { from, name });
    navigator.storage?.persist?.();
    settingsLoaded();
    announce(`${name} is ready`);
  } catch (error) {
    if (loading === own) await loadFailed(error, own);
  } finally {
    if (loading === own) {
      loading = arriving = undefined;
      progress.close();
      changed();
    }
  }
}

/* Loads what the user typed: a URL, possibly without https://, or the page of a file on Hugging Face. */
function loadAddress(text) {
  const written = /^[a-z]+:/i.test(text) ? text : `https://${text}`;
  if (/\s/.test(text) || !URL.canParse(written))
    return showProblem(`“${text}” is not a URL. Enter one such as https://example.org/model.gguf.`);
  const url = new URL(written);
  if (url.host === 'huggingface.co') url.pathname = url.pathname.replace(/^(\/[^/]+\/[^/]+)\/blob\//, '$1/resolve/');
  $('url').value = '';
  return load(url.href);
}

export const reload = () => source && load(source, title);

const isOf =
  (from) =>
  ({ url }) =>
    from.repo ? url.includes(`/${from.repo}/`) && url.endsWith(`/${from.file}`) : url === from;

const storedAs = async (from) => (from instanceof File ? [] : (await listModels().catch(() => [])).filter(isOf(from)));

async function stageOf(from) {
  if (from instanceof File) return 'Reading';
  const stored = await storedAs(from);
  return stored.some(({ complete }) => complete) ? 'Loading' : 'Downloading';
}

/* Deletes a file that turned out not to be a model. */
async function deleteStored(from) {
  for (const { key } of await storedAs(from)) {
    await deleteModel(key).catch(() => {
      /* another tab has it open */
    });
  }
}

/* Loads the model of the last visit, if it is still stored. */
export async function loadLast() {
  const last = storage.get(LAST);
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
    ['Reason', reason],
    ['Threads', threads === 1 && build.endsWith('-mt') ? '1 (more were not faster)' : String(threads)],
    ['Memory', bytes(memoryBytes)],
    ['Context', `${contextSize.toLocaleString('en')} tokens`],
    ['Offline', worksOffline() ? 'This page works without a network' : ''],
  ].filter(([, value]) => value !== undefined && value !== '');
}

/* The line below the message box. used: tokens in the context after the last answer. */
export function statusLine(used) {
  if (!model) return '';
  const { build = '', threads, memoryBytes, contextSize } = model.info;
  const kind = Object.entries(BUILDS).find(([word]) => build.includes(word))?.[1] ?? build;
  const words = [`${threads} thread${threads === 1 ? '' : 's'}`, kind, `${bytes(memoryBytes)} of memory`];
  if (used) words.push(`${used.toLocaleString('en')} of ${contextSize.toLocaleString('en')} tokens`);
  return words.join(' · ');
}

export async function drawModels() {
  $('facts').replaceChildren(...facts().flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  $('notes').replaceChildren(...notes.map((note) => h('li', {}, note)));
  const stored = await listModels().catch(() => []);
  const { usage, quota } = await storageInfo().catch(() => ({}));
  $('storage').hidden = stored.length === 0;
  $('others').textContent = stored.length > 0 ? 'Other models' : 'Available models';
  $('quota').textContent = quota ? `Using ${bytes(usage)} of the ${bytes(quota)} that this browser allows.` : '';
  $('stored').replaceChildren(...stored.map(storedLine));
}

function storedLine({ key, name: path, url, size, bytes: stored, complete }) {
  const name = nameOf({ file: path });
  const remove = () =>
    deleteModel(key)
      .then(
        () => announce(`${name} deleted`),
        (error) => showProblem(`${name} could not be deleted: ${error.message}`),
      )
      .then(drawModels);
  return h(
    'li',
    {},
    h(
      'button',
      { class: 'open', type: 'button', onclick: () => load(url) },
      name,
      h('small', {}, complete ? bytes(size) : `${bytes(stored)} of ${bytes(size)} downloaded`),
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

/* before: called and awaited before the engine is used. */
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
    .catch(() => []); // URLs and files still work
  $('cards').replaceChildren(...list.map(card));
}
