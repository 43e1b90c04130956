/* The settings: their table, their form and their current values. What the user has not set comes from the model's file,
 * then from the list of models, then from the table. Changes apply at once, except those marked `reload`, which apply
 * when the model is loaded again. */
import { $, h, storage } from './dom.js';
import { chosenTheme, setTheme, THEMES } from './theme.js';

const TABLE = [
  { key: 'system', name: 'System prompt', kind: 'text', value: '', hint: 'Sent at the start of every conversation.' },
  {
    key: 'temperature',
    name: 'Temperature',
    kind: 'range',
    min: 0,
    max: 2,
    step: 0.01,
    value: 0.6,
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
    key: 'repeat_penalty',
    name: 'Repetition penalty',
    kind: 'range',
    min: 1,
    max: 1.5,
    step: 0.01,
    value: 1,
    hint: 'Makes tokens less likely that occurred a short while ago; 1 has no effect.',
  },
  {
    key: 'frequency_penalty',
    name: 'Frequency penalty',
    kind: 'range',
    min: 0,
    max: 2,
    step: 0.05,
    value: 0.3,
    hint: 'The same, and more so the more often they occurred; 0 has no effect.',
  },
  {
    key: 'loop_detection',
    name: 'When an answer repeats itself',
    kind: 'select',
    value: 'stop',
    options: { stop: 'Stop it and remove the repetition', continue: 'Continue' },
    hint: 'Small models sometimes repeat a phrase without end.',
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
const ROWS = [
  ['system'],
  ['temperature'],
  ['top_p'],
  ['top_k'],
  ['min_p'],
  ['repeat_penalty'],
  ['frequency_penalty'],
  ['loop_detection'],
  ['max_tokens', 'seed'],
  ['contextSize', 'threads'],
  ['overflow'],
];
const general = Object.fromEntries(TABLE.map(({ key, value }) => [key, value]));

function fits({ kind, options, min, max, step }, value) {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'select') return value in options;
  return value >= min && value <= max && (step < 1 || Number.isInteger(value));
}

function storedSettings() {
  const values = storage.get(KEY, (stored) => typeof stored === 'object') ?? {};
  const usable = TABLE.filter((setting) => setting.key in values && fits(setting, values[setting.key]));
  return Object.fromEntries(usable.map(({ key }) => [key, values[key]]));
}

let chosen = storedSettings();
let ofFile = {}; // what the current model's file says
let recommended = {}; // what the list of models says of it
const defaults = () => ({ ...general, ...recommended, ...ofFile });
export const settings = () => ({ ...defaults(), ...chosen });

/* Where the sampling settings come from. */
export function settingsSource() {
  const has = (values) => SAMPLING.some((key) => key in values);
  const from = [
    has(ofFile) && 'the file',
    has(recommended) && 'the list of models',
    has(chosen) && 'your settings',
  ].filter(Boolean);
  return from.length > 0 ? `From ${from.join(' and ')}` : 'General defaults';
}

/* The options for loadModel(). */
export function loadSettings() {
  const { contextSize, overflow, threads } = settings();
  return { contextSize, overflow, ...(threads && { threads }) };
}

const SAMPLING = ['temperature', 'top_p', 'top_k', 'min_p', 'repeat_penalty', 'frequency_penalty'];
/* The package's names of what a file can say. */
const NAMES = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  minP: 'min_p',
  repeatPenalty: 'repeat_penalty',
};

/* The parameters of a request. */
export function requestSettings() {
  const { max_tokens, seed, loop_detection, ...values } = settings();
  return {
    ...Object.fromEntries(SAMPLING.map((key) => [key, values[key]])),
    stop_loops: loop_detection === 'stop',
    max_tokens,
    ...(seed !== null && { seed }),
  };
}

/* The value that the user entered; null for an empty number. */
function read(kind, input) {
  if (kind === 'text' || kind === 'select') return input.value;
  return input.value === '' ? null : Number(input.value);
}

function selectOf(name, options, value) {
  const option = ([each, text]) => h('option', { value: each, selected: each === value }, text);
  return h('select', { name, id: `set-${name}` }, ...Object.entries(options).map(option));
}

function inputOf({ key, kind, min, max, step, empty, options }) {
  const value = settings()[key] ?? '';
  const id = `set-${key}`;
  if (kind === 'text') return h('textarea', { name: key, id, rows: 3 }, value);
  if (kind === 'select') return selectOf(key, options, value);
  const placeholder = defaults()[key] ?? empty;
  const inputmode = kind === 'number' && 'numeric';
  return h('input', { name: key, id, type: kind, min, max, step, value, placeholder, inputmode });
}

/* A control with its label and hint. output: shows the value of a range, outside the label: a label names the first
 * control in it, which may be the output. */
function labeled(input, name, hint, output) {
  input.setAttribute('aria-describedby', `hint-${input.name}`);
  return h(
    'div',
    { class: 'setting' },
    h('div', { class: 'name' }, h('label', { for: input.id }, name), output),
    input,
    h('span', { class: 'hint', id: `hint-${input.name}` }, hint),
  );
}

function choose(key, value) {
  chosen = { ...chosen, [key]: value };
  if (value === null) delete chosen[key];
  storage.set(KEY, chosen);
  offerReload();
}

function control(setting) {
  const { key, name, kind, hint, min, max } = setting;
  const input = inputOf(setting);
  const output = kind === 'range' ? h('output', { 'aria-hidden': 'true' }, String(settings()[key])) : undefined;
  input.addEventListener('input', () => {
    if (output) output.value = input.value;
    const isValid = input.checkValidity();
    if (isValid) choose(key, read(kind, input));
    input.setAttribute('aria-invalid', String(!isValid));
    line.querySelector('.hint').textContent = isValid ? hint : `Enter a whole number from ${min} to ${max}.`;
  });
  const line = labeled(input, name, hint, output);
  return line;
}

function themeControl() {
  const input = selectOf('theme', THEMES, chosenTheme());
  input.addEventListener('input', () => setTheme(input.value));
  return labeled(input, 'Theme', 'The colors of this page.');
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

/* Call this when a model has been loaded with loadSettings(). sampling: what its file says, with the package's names;
 * fromList: what the list of models says, with the names of this table. */
export function settingsLoaded(sampling, fromList = {}) {
  const known = Object.entries(sampling).filter(([name]) => name in NAMES);
  ofFile = Object.fromEntries(known.map(([name, value]) => [NAMES[name], value]));
  recommended = fromList;
  loadedWith = JSON.stringify(loadSettings());
  draw();
  offerReload();
}

function reset() {
  chosen = {};
  storage.set(KEY, chosen);
  draw();
  offerReload();
  $('settings-form').querySelector('textarea').focus();
}

function draw() {
  const focused = document.activeElement?.closest('#settings-form') && document.activeElement.name;
  const fields = Object.fromEntries(TABLE.map((setting) => [setting.key, control(setting)]));
  const row = (keys) =>
    keys.length === 1 ? fields[keys[0]] : h('div', { class: 'pair' }, ...keys.map((key) => fields[key]));
  const resetButton = h('button', { type: 'button', class: 'quiet', onclick: reset }, 'Reset to defaults');
  $('settings-form').replaceChildren(...ROWS.map(row), offer, h('p', {}, resetButton), themeControl());
  if (focused) $('settings-form').elements[focused]?.focus();
}

export function startSettings({ reloadModel }) {
  reload = reloadModel;
  $('settings-form').addEventListener('submit', (event) => event.preventDefault());
  draw();
}
