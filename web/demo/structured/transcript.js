/* Turns of a conversation with tools, drawn from the events of chat.run: reasoning, text and calls, in their order. */
import { h } from '../dom.js';
import { render } from '../markdown.js';
import { callCard } from './call-card.js';
import { redrawing } from './example.js';
import { reasoningBlock } from './reasoning.js';

function textPart() {
  const element = h('div', { class: 'body' });
  return {
    element,
    update({ text, live }) {
      element.replaceChildren(...render(text, { done: !live }));
      element.classList.toggle('cursor', live);
    },
  };
}

function reasoningPart() {
  const { element, update } = reasoningBlock();
  return { element, update: ({ text, live }) => update(text, live) };
}

const resultText = ({ result, error }) => JSON.stringify(error ? { error: error.message } : (result ?? null));

/* One answer: add(event) for each event of chat.run, then end(). tools: those that the model has. */
export function answerView(tools) {
  const element = h('li', { class: 'message assistant', 'aria-busy': 'true' }, h('h3', { class: 'hidden' }, 'Answer'));
  const parts = []; // { kind, live, view, ... }
  const drawAll = () => {
    for (const part of parts) if (part.changed) part.view.update(part);
    for (const part of parts) part.changed = false;
  };
  const { soon, flush } = redrawing(drawAll);

  function put(part, view) {
    parts.push(Object.assign(part, { view, live: true }));
    element.append(view.element);
    return part;
  }

  /* Whatever comes next ends the part before. */
  function settle() {
    const last = parts.at(-1);
    if (last) Object.assign(last, { live: false, changed: true });
  }

  function addText({ type, text }) {
    let part = parts.at(-1);
    if (part?.kind !== type || !part.live) {
      settle();
      part = put({ kind: type, text: '' }, type === 'text' ? textPart() : reasoningPart());
      part.view.update(part);
    }
    Object.assign(part, { text: part.text + text, changed: true });
  }

  function addCall({ type, call, ...outcome }) {
    let part = parts.find((each) => each.call?.id === call.id);
    if (!part) {
      settle();
      part = put({ kind: 'call' }, callCard(tools[call.function.name]?.parameters));
    }
    Object.assign(part, { call, changed: true });
    if (type === 'arguments') part.stage = 'writing';
    if (type === 'call') part.stage = 'running';
    if (type === 'result')
      Object.assign(part, { stage: outcome.error ? 'failed' : 'done', result: resultText(outcome) });
  }

  return {
    element,
    add(event) {
      if (event.type === 'text' || event.type === 'reasoning') addText(event);
      else if (event.type !== 'end') addCall(event);
      soon();
    },
    isEmpty: () => parts.length === 0,
    /* note: how the answer ended, if not by itself. */
    end(note) {
      settle();
      for (const part of parts)
        if (part.stage === 'writing' || part.stage === 'running') Object.assign(part, { stage: 'cut', changed: true });
      flush();
      element.setAttribute('aria-busy', 'false');
      if (note) element.append(h('p', { class: 'hint' }, note));
    },
  };
}
