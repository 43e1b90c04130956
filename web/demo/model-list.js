/* What the page shows about models: the current one, those to choose and those stored on this device. */
import { deleteModel, listModels, storageInfo } from '../index.js';
import { catalog, fileOf, isUrlOf, nameOf, sourceOf, urlTo } from './catalog.js';
import { $, announce, bytes, h, showProblem } from './dom.js';
import { worksOffline } from './installed.js';
import { currentModel, currentNotes, currentSource, load } from './models.js';
import { settingsSource } from './settings.js';
import { sidebarOpen } from './sidebars.js';

const BUILDS = { relaxed: 'relaxed SIMD', simd128: 'SIMD' };

const isCurrent = (url) => {
  const from = currentSource();
  return from !== undefined && !(from instanceof File) && isUrlOf(from, url);
};

function threadsText({ threads, build, tuning }) {
  if (tuning) return `up to ${threads}, tuning`;
  return threads === 1 && build.endsWith('-mt') ? '1 (more were not faster)' : String(threads);
}

/* The page that measures, with the current model if that page can load it too. */
function measureUrl() {
  const from = currentSource();
  const url = from instanceof File ? undefined : from && urlTo(from);
  return url ? `measure.html?model=${encodeURIComponent(url)}` : 'measure.html';
}

function facts() {
  const model = currentModel();
  if (!model) return [];
  const { build, reason, memoryBytes, contextSize } = model.info;
  return [
    ['File', fileOf(currentSource())],
    ['Build', build],
    ['Reason', reason],
    ['Threads', threadsText(model.info)],
    ['Memory', bytes(memoryBytes)],
    ['Context', `${contextSize.toLocaleString('en')} tokens`],
    ['Sampling', settingsSource()],
    ['Offline', worksOffline() ? 'This page works without a network' : ''],
  ].filter(([, value]) => value !== undefined && value !== '');
}

/* The line below the message box. used: tokens in the context after the last answer. */
export function statusLine(used) {
  const model = currentModel();
  if (!model) return '';
  const { build = '', threads, tuning, memoryBytes, contextSize } = model.info;
  const kind = Object.entries(BUILDS).find(([word]) => build.includes(word))?.[1] ?? build;
  const count = `${threads} thread${threads === 1 ? '' : 's'}`;
  const words = [tuning ? `up to ${count}, tuning` : count, kind, `${bytes(memoryBytes)} of memory`];
  if (used) words.push(`${used.toLocaleString('en')} of ${contextSize.toLocaleString('en')} tokens`);
  return words.join(' · ');
}

function storedLine({ key, url, size, bytes: stored, complete }) {
  const name = nameOf(url);
  const remove = () =>
    deleteModel(key)
      .then(
        () => announce(`${name} deleted`),
        (error) => showProblem(`${name} could not be deleted: ${error.message}`),
      )
      .then(drawModels);
  const state = complete ? bytes(size) : `${bytes(stored)} of ${bytes(size)} downloaded`;
  const about = [state, isCurrent(url) && 'in use', fileOf(url)].filter(Boolean).join(' · ');
  return h(
    'li',
    {},
    h(
      'button',
      { class: 'open', type: 'button', onclick: () => load(url), 'aria-current': isCurrent(url) && 'true' },
      name,
      h('small', {}, about),
    ),
    h('button', { class: 'quiet', type: 'button', onclick: remove, 'aria-label': `Delete ${name}` }, 'Delete'),
  );
}

function card(entry) {
  const { name, about, megabytes } = entry;
  return h(
    'li',
    {},
    h(
      'button',
      { type: 'button', onclick: () => load(sourceOf(entry)) },
      h('span', { class: 'title' }, name, h('span', { class: 'size' }, megabytes ? `${megabytes} MB` : '')),
      h('span', { class: 'about' }, about),
    ),
  );
}

/* The models of the list. Below those on this device, only the others. stored: names to leave out. */
function drawCards(stored = []) {
  $('cards').replaceChildren(
    ...catalog()
      .filter(({ name }) => !stored.includes(name))
      .map(card),
  );
}

export async function drawModels() {
  const model = currentModel();
  $('facts').replaceChildren(...facts().flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  $('measure').href = measureUrl();
  $('notes').replaceChildren(...currentNotes().map((note) => h('li', {}, note)));
  const stored = await listModels().catch(() => []);
  const { usage, quota } = await storageInfo().catch(() => ({}));
  const names = [...stored.map(({ url }) => nameOf(url)), ...(model ? [nameOf(currentSource())] : [])];
  $('storage').hidden = stored.length === 0;
  $('others').textContent = names.length > 0 ? 'Other models' : 'Available models';
  $('quota').textContent = quota ? `Using ${bytes(usage)} of the ${bytes(quota)} that this browser allows.` : '';
  $('stored').replaceChildren(...stored.map(storedLine));
  drawCards($('chooser').closest('aside') ? names : []);
}

/* Draws the list again whenever the model changes. */
export function startModelList() {
  const draw = () => {
    if (sidebarOpen('models')) drawModels();
    else drawCards();
  };
  document.addEventListener('model', draw);
  draw();
}
