/* The settings: their table, their form, and what they are now. Changes apply at once, except those that need the
 * model to be loaded again. */
import { $, h, kept } from './dom.js';

const TABLE = [
  { key: 'system', name: 'System prompt', kind: 'text', value: '', hint: 'Put before every conversation.' },
  {
    key: 'temperature',
    name: 'Temperature',
    kind: 'range',
    min: 0,
    max: 2,
    step: 0.05,
    value: 0.5,
    hint: '0 always takes the likeliest token.',
  },
  {
    key: 'top_p',
    name: 'Top p',
    kind: 'range',
    min: 0.05,
    max: 1,
    step: 0.05,
    value: 0.95,
    hint: 'Only the likeliest tokens that make up this share.',
  },
  {
    key: 'top_k',
    name: 'Top k',
    kind: 'range',
    min: 0,
    max: 100,
    step: 1,
    value: 40,
    hint: 'Only this many of the likeliest; 0 for all.',
  },
  {
    key: 'min_p',
    name: 'Min p',
    kind: 'range',
    min: 0,
    max: 0.5,
    step: 0.01,
    value: 0.05,
    hint: 'Only tokens at least this likely, beside the likeliest.',
  },
  {
    key: 'max_tokens',
    name: 'Longest answer',
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
    hint: 'Same seed, same answer.',
  },
  {
    key: 'contextSize',
    name: 'Context',
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
    hint: 'Empty: as many as help.',
    reload: true,
  },
  {
    key: 'overflow',
    name: 'When the context is full',
    kind: 'select',
    value: 'stop',
    options: { stop: 'Stop, and say so', shift: 'Forget the oldest messages' },
    hint: 'The system prompt stays.',
    reload: true,
  },
];
const KEY = 'quern.settings';
const defaults = Object.fromEntries(TABLE.map(({ key, value }) => [key, value]));

let now = { ...defaults, ...kept.get(KEY) };
export const settings = () => now;

/* The parts of them that the model is loaded with. */
export const loadSettings = () => ({
  contextSize: now.contextSize,
  overflow: now.overflow,
  ...(now.threads && { threads: now.threads }),
});

/* The parts of them that a request takes. */
export function requestSettings() {
  const { temperature, top_p, top_k, min_p, max_tokens, seed } = now;
  return { temperature, top_p, top_k, min_p, max_tokens, ...(seed !== null && { seed }) };
}

const read = (kind, input) =>
  kind === 'text' || kind === 'select' ? input.value : input.value === '' ? null : Number(input.value);

function control(setting) {
  const { key, name, kind, min, max, step, hint, empty, options } = setting;
  const value = now[key] ?? '';
  const input =
    kind === 'text'
      ? h('textarea', { name: key, rows: 3 }, value)
      : kind === 'select'
        ? h(
            'select',
            { name: key },
            ...Object.entries(options).map(([each, text]) =>
              h('option', { value: each, selected: each === value }, text),
            ),
          )
        : h('input', {
            name: key,
            type: kind,
            min,
            max,
            step,
            value,
            placeholder: defaults[key] ?? empty,
            inputmode: kind === 'number' && 'numeric',
          });
  const output = kind === 'range' ? h('output', { 'aria-hidden': 'true' }, String(value)) : '';
  input.setAttribute('aria-describedby', `hint-${key}`);
  input.addEventListener('input', () => {
    const given = read(kind, input);
    if (output) output.value = input.value;
    if (!input.checkValidity()) return;
    now = { ...now, [key]: given ?? defaults[key] };
    kept.set(KEY, now);
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
  h('span', { class: 'hint' }, 'The last three apply when the model is loaded again.'),
  h('button', { type: 'button', class: 'quiet', onclick: () => reload() }, 'Load again'),
);

function offerReload() {
  offer.hidden = !loadedWith || loadedWith === JSON.stringify(loadSettings());
}

/* To be called when a model has been loaded with loadSettings(). */
export function settingsLoaded() {
  loadedWith = JSON.stringify(loadSettings());
  offerReload();
}

function draw() {
  const fields = TABLE.map(control);
  const pairs = [
    h('div', { class: 'pair' }, ...fields.slice(5, 7)),
    h('div', { class: 'pair' }, ...fields.slice(7, 9)),
  ];
  const reset = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: () => {
        now = { ...defaults };
        kept.set(KEY, now);
        draw();
        offerReload();
        $('settings-form').querySelector('textarea').focus();
      },
    },
    'Back to the defaults',
  );
  $('settings-form').replaceChildren(...fields.slice(0, 5), ...pairs, fields[9], offer, h('p', {}, reset));
}

export function startSettings({ reloadModel }) {
  reload = reloadModel;
  $('settings-form').addEventListener('submit', (event) => event.preventDefault());
  draw();
}
