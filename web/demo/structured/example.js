/* The examples of structured output: opening and closing them, and what they share. Each is a module that draws into a
 * page of its own; all of them are loaded when they are opened. */
import { $, announce, h, showProblem } from '../dom.js';
import { currentModel, modelReady, modelState } from '../models.js';
import { answerProblem } from '../problems.js';
import { openSidebar } from '../sidebars.js';

const EXAMPLES = {
  invoice: { name: 'Invoice', load: () => import('./invoice.js') },
  calendar: { name: 'Calendar', load: () => import('./calendar.js') },
  intent: { name: 'Intent', load: () => import('./intent.js') },
};
const pages = {}; // by name, once they have been opened
let frame;
let stopCurrent = () => {};

function stylesheet() {
  const link = h('link', { rel: 'stylesheet', href: new URL('structured.css', import.meta.url).href });
  const loaded = new Promise((resolve, reject) => {
    link.addEventListener('load', resolve);
    link.addEventListener('error', () => reject(new Error('its styles could not be loaded')));
  });
  document.head.append(link);
  return loaded;
}

async function makeFrame() {
  await stylesheet();
  const tab = ([name, example]) => h('a', { href: `#${name}`, id: `tab-${name}` }, example.name);
  const note = h(
    'p',
    { class: 'row note' },
    h('span', {}, 'The example runs as soon as there is a model.'),
    h('button', { type: 'button', class: 'quiet', onclick: () => openSidebar('models') }, 'Choose a model'),
  );
  const slot = h('div', { class: 'slot' });
  const back = h('a', { href: '#', class: 'close', 'aria-label': 'Back to the chat' });
  back.innerHTML = '<svg aria-hidden="true"><use href="icons.svg#close"/></svg>';
  const links = [...Object.entries(EXAMPLES).map(tab), back];
  const element = h(
    'div',
    { class: 'scroll', id: 'example' },
    h('nav', { 'aria-label': 'Examples' }, ...links),
    note,
    slot,
  );
  const look = () => {
    note.hidden = modelState() !== 'none';
  };
  document.addEventListener('model', look);
  document.addEventListener('leaving', () => stopCurrent());
  look();
  return { element, slot };
}

function leave() {
  $('example')?.remove();
  $('scroll').append($('loading'));
  delete document.body.dataset.example;
  document.title = 'Quern chat';
  $('prompt').focus();
}

/* Opens an example; without a name, returns to the chat. */
export async function show(name) {
  stopCurrent();
  if (!name) leave();
  else {
    frame ??= makeFrame();
    const [{ element, slot }, { create }] = await Promise.all([frame, EXAMPLES[name].load()]);
    pages[name] ??= create();
    for (const each of Object.keys(EXAMPLES)) {
      const tab = element.querySelector(`#tab-${each}`);
      each === name ? tab.setAttribute('aria-current', 'page') : tab.removeAttribute('aria-current');
    }
    slot.replaceChildren(pages[name].element);
    document.body.dataset.example = name;
    document.querySelector('main').prepend(element);
    element.querySelector('nav').after($('loading'));
    document.title = `${EXAMPLES[name].name} – Quern`;
    element.scrollTop = 0;
    slot.querySelector('h2').focus();
  }
  showProblem();
  document.dispatchEvent(new Event('chat'));
}

/* Why there is no answer. */
function exampleProblem(error) {
  if (error.code === 'context_length_exceeded')
    return `The text does not fit in the model’s context: ${error.message}. Shorten the text, or increase the context size in the settings.`;
  return answerProblem(error);
}

/* A part of a JSON Schema that cannot be used: { pointer, keyword, reason }; undefined for other errors. */
export function schemaProblem({ message }) {
  const found = /JSON Schema: (#\S*): (.*)$/s.exec(message);
  if (!found) return undefined;
  return { pointer: found[1], keyword: found[1].split('/').slice(1).at(-1), reason: found[2] };
}

/* The line below a form: a button that runs the example and stops it, and how far it is. work(signal, say) is called
 * with the model ready; failed(error) may explain an error elsewhere, and returns true then. */
export function runner(label, { work, failed = () => false }) {
  let abort;
  const run = h('button', { type: 'button', class: 'run', onclick: () => (abort ? abort.abort() : start()) }, label);
  const status = h('span', { class: 'hint', role: 'status' });
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true });
  const element = h('div', { class: 'runner' }, h('div', { class: 'row start-line' }, run, status), problem);
  const say = (text) => {
    status.textContent = text;
  };
  const setBusy = (busy) => {
    run.textContent = busy ? 'Stop' : label;
    run.classList.toggle('stop', busy);
    element.closest('.page-of-example')?.setAttribute('aria-busy', String(busy));
  };
  const tell = (text) => {
    problem.hidden = !text;
    problem.textContent = text ?? '';
  };
  async function start() {
    if (modelState() === 'none') return openSidebar('models', run);
    abort = new AbortController();
    const { signal } = abort;
    stopCurrent = () => abort?.abort();
    setBusy(true);
    tell();
    say(currentModel() ? 'Reading the prompt…' : 'Waiting for the model to load…');
    try {
      const model = await modelReady(signal);
      say('Reading the prompt…');
      await work(model, signal, say);
    } catch (error) {
      say(signal.aborted ? 'Stopped' : '');
      if (!signal.aborted && !failed(error) && !error.shown) tell(exampleProblem(error));
    }
    abort = undefined;
    setBusy(false);
    announce(status.textContent);
  }
  return {
    element,
    submit(event) {
      event?.preventDefault();
      if (!abort) return start();
    },
  };
}

/* The page of an example. about: the nodes of its introduction. */
export const pageOf = (title, about, ...children) =>
  h(
    'section',
    { class: 'page-of-example', 'aria-labelledby': 'example-title' },
    h('h2', { id: 'example-title', tabindex: -1 }, title),
    h('p', { class: 'about' }, ...about),
    ...children,
  );

/* A text area with its label. */
export function area(id, label, value, { rows = 8, code = false } = {}) {
  const input = h('textarea', { id, rows, spellcheck: code ? 'false' : undefined, dir: 'auto' }, value);
  if (code) input.classList.add('source');
  return { input, element: h('div', { class: 'setting' }, h('label', { for: id, class: 'name' }, label), input) };
}

/* Runs draw() at most every 80 ms, and whenever flush() is called. */
export function redrawing(draw) {
  let timer;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    draw();
  };
  const soon = () => {
    timer ??= setTimeout(flush, 80);
  };
  return { soon, flush };
}
