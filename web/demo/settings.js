/* The settings: their table, their form and their current values. Changes apply at once, except those marked `reload`,
 * which apply when the model is loaded again. */
import { $, h, storage } from './dom.js';

const TABLE = [
  { key: 'system', name: 'System prompt', kind: 'text', value: '', hint: 'Sent at the start of every conversation.' },
  {
    key: 'temperature',
    name: 'Temperature',
    kind: 'range',
    min: 0,
    max: 2,
    step: 0.05,
    value: 0.5,
    hint: '0 always picks the most likely token.',
  },
  {
    key: 'top_p',
    name: 'Top p',
    kind: 'range',
    min: 0.05,
    max: 1,
    step: 0.05,
    value: 0.95,
    hint: 'Keeps the most likely tokens whose probabilities add up to this.',
  },
  {
    key: 'top_k',
    name: 'Top k',
    kind: 'range',
    min: 0,
    max: 100,
    step: 1,
    value: 40,
    hint: 'Keeps this many of the most likely tokens; 0 keeps all.',
  },
  {
    key: 'min_p',
    name: 'Min p',
    kind: 'range',
    min: 0,
    max: 0.5,
    step: 0.01,
    value: 0.05,
    hint: 'Drops tokens with less than this fraction of the highest probability.',
  },
  {
    key: 'max_tokens',
    name: 'Maximum length',
    kind: 'number',
    min: 1,
    max: 32768,
    step: 1,
    value: 1024,
    hint: 'In tokens.',
  },
  {
    key: 'seed',
    name: 'Seed',
    kind: 'number',
    min: 0,
    max: 4294967295,
    step: 1,
    value: null,
    empty: 'random',
    hint: 'The same seed gives the same answer.',
  },
  {
    key: 'contextSize',
    name: 'Context size',
    kind: 'number',
    min: 64,
    max: 1048576,
    step: 1,
    value: 4096,
    hint: 'In tokens.',
    reload: true,
  },
  {
    key: 'threads',
    name: 'Threads',
    kind: 'number',
    min: 1,
    max: 64,
    step: 1,
    value: null,
    empty: 'auto',
    hint: 'Leave empty to choose automatically.',
    reload: true,
  },
  {
    key: 'overflow',
    name: 'When the context is full',
    kind: 'select',
    value: 'stop',
    options: { stop: 'Stop with a message', shift: 'Drop the oldest messages' },
    hint: 'The system prompt is always kept.',
    reload: true,
  },
];
const KEY = 'quern.settings';
const defaults = Object.fromEntries(TABLE.map(({ key, value }) => [key, value]));

let current = { ...defaults, ...storage.get(KEY) };
export const settings = () => current;

/* The options for loadModel(). */
export const loadSettings = () => ({
  contextSize: current.contextSize,
  overflow: current.overflow,
  ...(current.threads && { threads: current.threads }),
});

/* The parameters of a request. */
export function requestSettings() {
  const { temperature, top_p, top_k, min_p, max_tokens, seed } = current;
  return { temperature, top_p, top_k, min_p, max_tokens, ...(seed !== null && { seed }) };
}

/* The value that the user entered; null for an empty number. */
function read(kind, input) {
  if (kind === 'text' || kind === 'select') return input.value;
  return input.value === '' ? null : Number(input.value);
}

function inputOf({ key, kind, min, max, step, empty, options }) {
  const value = current[key] ?? '';
  if (kind === 'text') return h('textarea', { name: key, rows: 3 }, value);
  if (kind === 'select') {
    const choices = Object.entries(options);
    const option = ([each, text]) => h('option', { value: each, selected: each === value }, text);
    return h('select', { name: key }, ...choices.map(option));
  }
  const placeholder = defaults[key] ?? empty;
  const inputmode = kind === 'number' && 'numeric';
  return h('input', { name: key, type: kind, min, max, step, value, placeholder, inputmode });
}

function control(setting) {
  const { key, name, kind, hint } = setting;
  const input = inputOf(setting);
  const output = kind === 'range' ? h('output', { 'aria-hidden': 'true' }, String(current[key] ?? '')) : '';
  input.setAttribute('aria-describedby', `hint-${key}`);
  input.addEventListener('input', () => {
    const value = read(kind, input);
    if (output) output.value = input.value;
    if (!input.checkValidity()) return;
    current = { ...current, [key]: value ?? defaults[key] };
    storage.set(KEY, current);
    offerReload();
  });
  return h(
    'div',
    { class: 'setting' },
    h('label', {}, h('span', { class: 'name' }, name, output), input),
    h('span', { class: 'hint', id: `hint-${key}` }, hint),
  );
}

let loadedWith, reload;
const offer = h(
  'p',
  { class: 'row', hidden: true },
  h('span', { class: 'hint' }, 'The last three settings take effect when the model is reloaded.'),
  h('button', { type: 'button', class: 'quiet', onclick: () => reload() }, 'Reload model'),
);

function offerReload() {
  offer.hidden = !loadedWith || loadedWith === JSON.stringify(loadSettings());
}

/* Call this after a model has been loaded with loadSettings(). */
export function settingsLoaded() {
  loadedWith = JSON.stringify(loadSettings());
  offerReload();
}

function reset() {
  current = { ...defaults };
  storage.set(KEY, current);
  draw();
  offerReload();
  $('settings-form').querySelector('textarea').focus();
}

function draw() {
  const fields = TABLE.map(control);
  const pairs = [
    h('div', { class: 'pair' }, ...fields.slice(5, 7)),
    h('div', { class: 'pair' }, ...fields.slice(7, 9)),
  ];
  const resetButton = h('button', { type: 'button', class: 'quiet', onclick: reset }, 'Reset to defaults');
  $('settings-form').replaceChildren(...fields.slice(0, 5), ...pairs, fields[9], offer, h('p', {}, resetButton));
}

export function startSettings({ reloadModel }) {
  reload = reloadModel;
  $('settings-form').addEventListener('submit', (event) => event.preventDefault());
  draw();
}
