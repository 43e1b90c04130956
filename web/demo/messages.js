/* Draws the messages of a conversation. */
import { describe, isCut } from './answer.js';
import { copyButton, h, isSend } from './dom.js';
import { render } from './markdown.js';

export function makeView({ role }) {
  const body = h('div', { class: 'body', dir: role === 'user' && 'auto' });
  const tools = h('div', { class: 'tools' });
  const who = h('h2', { class: 'hidden' }, role === 'user' ? 'You' : 'Answer');
  return { body, tools, element: h('li', { class: `message ${role}` }, who, body, tools) };
}

/* `state` of the next functions: live: the answer is being written; last: it is the last message; busy: an answer is
 * being written; act: what the buttons do, by name. */
function tool(name, label, act, { busy }) {
  return h('button', { type: 'button', onclick: act, 'aria-label': label, disabled: busy }, name);
}

function drawUser(view, message, state) {
  const { last, act } = state;
  view.body.textContent = message.content;
  const unanswered = last && tool('Answer', 'Answer this message', act.regenerate, state);
  view.tools.replaceChildren(...[tool('Edit', 'Edit this message', act.edit, state), unanswered].filter(Boolean));
}

/* Which version of an answer is shown, and buttons for the one before and after. */
function versionsOf(message, state) {
  const { versions } = message;
  if (!versions || versions.length < 2) return [];
  const at = versions.indexOf(message);
  const step = (name, label, to) =>
    h(
      'button',
      {
        type: 'button',
        'aria-label': label,
        disabled: state.busy || !versions[to],
        onclick: () => state.act.showVersion(versions[to], label),
      },
      name,
    );
  return [
    h(
      'span',
      { class: 'versions', role: 'group', 'aria-label': 'Versions of the answer' },
      step('‹', 'Previous version', at - 1),
      h('span', {}, `${at + 1} of ${versions.length}`),
      step('›', 'Next version', at + 1),
    ),
  ];
}

function toolsOf(message, state) {
  const { live, last, act } = state;
  if (live) return [];
  const cut = message.stats && isCut(message.stats);
  return [
    ...versionsOf(message, state),
    last && cut && tool('Continue', 'Continue the answer', act.continueAnswer, state),
    last && tool('Regenerate', 'Regenerate the answer', act.regenerate, state),
    copyButton('Copy the answer', () => message.content),
    last && tool('Tokens', 'Tokens of this answer', (event) => act.showTokens(event.currentTarget), state),
  ].filter(Boolean);
}

/* The reader's choice to unfold the reasoning lasts, and so does the focus there. */
function drawText(body, message, live) {
  const toggled = (open) => {
    message.unfolded = open;
  };
  const focused = body.contains(document.activeElement) && document.activeElement.matches('.thought > summary');
  body.replaceChildren(...render(message.content, { done: !live, open: message.unfolded, toggled }));
  if (focused) body.querySelector('.thought > summary')?.focus();
}

function drawAssistant(view, message, state) {
  const { live } = state;
  view.element.setAttribute('aria-busy', String(live));
  if (live && !message.content) view.body.replaceChildren(h('p', { class: 'waiting cursor' }, message.waiting ?? ''));
  else drawText(view.body, message, live);
  if (live && message.content) {
    const end = view.body.querySelector(':scope > :last-child:not(pre, ul, ol, details, .table)');
    (end ?? view.body).classList.add('cursor');
  } else if (!live) view.body.classList.remove('cursor');
  view.tools.replaceChildren(
    ...toolsOf(message, state),
    h('span', { class: 'figures' }, message.stats ? describe(message.stats) : ''),
  );
}

export const drawMessage = (view, message, state) =>
  (message.role === 'user' ? drawUser : drawAssistant)(view, message, state);

/* Replaces the text of a message by a form. save(text) gets the new text; back() is called if nothing changed. */
export function openEditor(view, content, { save, back }) {
  const text = h('textarea', { 'aria-label': 'Edit your message', rows: 2, dir: 'auto' }, content);
  const close = () => {
    view.element.replaceChild(view.body, form);
    view.tools.hidden = false;
    back();
  };
  const submit = (event) => {
    event.preventDefault();
    if (text.value.trim() !== '') save(text.value.trim());
  };
  const keys = (event) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
    if (isSend(event)) submit(event);
  };
  const buttons = h(
    'div',
    { class: 'row' },
    h('button', { type: 'button', class: 'quiet', onclick: close }, 'Cancel'),
    h('button', { class: 'save' }, 'Send'),
  );
  const form = h('form', { class: 'editor', onsubmit: submit, onkeydown: keys }, text, buttons);
  view.element.replaceChild(form, view.body);
  view.tools.hidden = true;
  text.focus();
  text.setSelectionRange(text.value.length, text.value.length);
}
