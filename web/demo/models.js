/* Loads models: one at a time, with its progress and its errors. model-list.js shows which there are. */
import { deleteModel, listModels, loadModel } from '../index.js';
import { readAddress } from './address.js';
import { fetchCatalog, isUrlOf, nameOf, recommendedFor } from './catalog.js';
import { $, announce, showProblem, storage, urlOf } from './dom.js';
import { isNoModel, loadingProblem } from './problems.js';
import { Progress } from './progress.js';
import { loadSettings, settingsLoaded } from './settings.js';
import { closeSidebar } from './sidebars.js';

const LAST = 'quern.model';
const isSource = ({ from }) => urlOf(from) !== undefined || Boolean(from?.repo && from.file);
const CANCELED = 'Loading was canceled. Choose a model to get an answer.';
let model; // loaded completely
let arriving; // accepts requests while the rest of its file is loading
let loading; // { from, name, abort } while a model loads
let source, title; // where the current model came from, and the name that the page shows
let prepare;
let notes = [];
let waiting = []; // { resolve, reject } of each modelReady()

export const currentModel = () => model;
export const currentNotes = () => notes;
/* Where the model that is loaded or loading comes from. */
export const currentSource = () => loading?.from ?? source;
export const currentName = () => loading?.name ?? (model ? title : undefined);

/* 'none', 'loading' or 'ready' */
export function modelState() {
  if (loading) return 'loading';
  return model ? 'ready' : 'none';
}

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

function changed() {
  document.body.dataset.model = modelState();
  $('model-name').textContent = currentName() ?? 'Choose a model';
  document.dispatchEvent(new Event('model'));
}

/* Resolves to the whole model, or to undefined if another load has replaced this one. */
async function loadWhole(own, progress, options) {
  await model?.free();
  model = undefined;
  await prepare();
  const loaded = await loadModel(own.from, {
    ...loadSettings(),
    ...options,
    early: true,
    signal: own.abort.signal,
    onProgress: (state) => {
      if (loading === own) progress.update(state);
    },
    onNote: (note) => {
      own.notes.push(note);
      if (own.notes === notes) changed();
    },
  });
  if (loading !== own) return void loaded.free();
  if (loaded.info.encoder) {
    await loaded.free();
    throw new Error('This model is an encoder: it produces embeddings, not text. Choose a chat model.');
  }
  settingsLoaded(loaded.info.sampling, recommendedFor(own.from));
  arriving = loaded;
  settleWaiting(({ resolve }) => resolve(loaded));
  await loaded.loaded;
  if (loading !== own) return void loaded.free();
  return loaded;
}

async function loadFailed(error, { from, name, abort }) {
  const canceled = abort.signal.aborted;
  const asked = waiting.length > 0 || arriving !== undefined;
  if (!canceled || asked) showProblem(canceled ? CANCELED : loadingProblem(error, name, from));
  if (isNoModel(error)) await deleteStored(from);
  settleWaiting(({ reject }) => reject(Object.assign(new Error(error.message), { shown: true })));
}

/* Loads a model and frees the current one. from: a URL, a File or { repo, file, revision }; options: further ones of the
 * package. */
export async function load(from, options) {
  loading?.abort.abort();
  if (model ?? arriving) document.dispatchEvent(new Event('leaving'));
  arriving = undefined;
  const own = { from, name: nameOf(from), abort: new AbortController(), notes: [] };
  loading = own;
  notes = own.notes;
  showProblem();
  closeSidebar();
  const progress = new Progress(own.name, stageOf(from));
  changed();
  try {
    const loaded = await loadWhole(own, progress, options);
    if (!loaded) return;
    model = loaded;
    source = from;
    title = own.name;
    if (!(from instanceof File)) storage.set(LAST, { from });
    navigator.storage?.persist?.();
    announce(`${title} is ready`);
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

function loadAddress(text) {
  const { address, problem } = readAddress(text);
  if (problem) return showProblem(problem);
  $('url').value = '';
  return load(address);
}

export const reload = (options) => source && load(source, options);

const storedAs = async (from) =>
  from instanceof File ? [] : (await listModels().catch(() => [])).filter(({ url }) => isUrlOf(from, url));

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
  const last = storage.get(LAST, isSource);
  if (!last) return;
  const stored = await storedAs(last.from);
  if (stored.some(({ complete }) => complete)) await load(last.from);
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
  await fetchCatalog();
}
