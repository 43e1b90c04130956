/* A tool call as a card: its name, its arguments while they are written, its state and its result. */
import { h } from '../dom.js';
import { jsonView } from './json-view.js';
import { morph } from './morph.js';

const STATES = {
  writing: 'Writing the arguments…',
  running: 'Running…',
  done: 'Done',
  failed: 'Failed',
  cut: 'Incomplete, not run',
};

/* parameters: the schema of the arguments. */
export function callCard(parameters) {
  const name = h('code');
  const state = h('span', { class: 'state' });
  const given = h('div', { class: 'json' });
  const result = h('div', { class: 'json' });
  const outcome = h('div', { class: 'outcome', hidden: true }, h('h4', {}, 'Result'), result);
  const raw = h('pre', { tabindex: 0, dir: 'ltr', 'aria-label': 'JSON of the call' });
  const source = h('details', {}, h('summary', {}, 'JSON'), raw);
  const element = h(
    'article',
    { class: 'card call', 'aria-label': 'Tool call' },
    h('header', { class: 'row' }, h('h3', {}, name), state),
    given,
    outcome,
    source,
  );
  return {
    element,
    /* call: { function: { name, arguments } }; stage: a key of STATES; result: its text, as the model gets it. */
    update({ call, stage, result: text }) {
      element.dataset.stage = stage;
      element.setAttribute('aria-busy', String(stage === 'writing' || stage === 'running'));
      name.textContent = call.function.name;
      state.textContent = STATES[stage];
      morph(given, jsonView(call.function.arguments, { schema: parameters, complete: stage !== 'writing' }));
      raw.textContent = call.function.arguments + (text === undefined ? '' : `\n→ ${text}`);
      outcome.hidden = text === undefined;
      if (text !== undefined) morph(result, jsonView(text, { complete: true }));
    },
  };
}
