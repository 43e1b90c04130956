/* The conversation: draws the messages, and sends, stops, edits and regenerates them. */
import { describe, streamAnswer } from './answer.js';
import * as conversations from './conversations.js';
import { $, announce, copyButton, h, showProblem } from './dom.js';
import { markdownReady, render } from './markdown.js';
import { CANCELED, currentModel, modelReady } from './models.js';
import { answerProblem } from './problems.js';
import { sidebarOpen } from './sidebars.js';

const REDRAW_MS = 80;
let chat = conversations.create();
let running; // { abort, answer } while the model answers
let views = []; // one per message
let showTokens;

const scroll = $('scroll');
const prompt = $('prompt');

/* The last answer and the messages that it was given, for the token sidebar. */
export function lastExchange() {
  const end = chat.messages.findLastIndex((message) => message.role === 'assistant');
  return end < 0 ? { before: chat.messages } : { before: chat.messages.slice(0, end), answer: chat.messages[end] };
}

export const currentChat = () => chat.id;

function keepAtEnd(draw) {
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
  draw();
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
}

function tool(name, act, label) {
  return h('button', { type: 'button', onclick: act, 'aria-label': label, disabled: Boolean(running) }, name);
}

function drawUser(view, message, index) {
  view.body.textContent = message.content;
  const unanswered = index === chat.messages.length - 1 && tool('Answer', regenerate, 'Answer this message');
  view.tools.replaceChildren(...[tool('Edit', () => edit(index), 'Edit this message'), unanswered].filter(Boolean));
}

function drawAssistant(view, message, index) {
  const live = running?.answer === message;
  view.element.setAttribute('aria-busy', String(live));
  if (live && !message.content) view.body.replaceChildren(h('p', { class: 'waiting cursor' }, message.waiting ?? ''));
  else view.body.replaceChildren(...render(message.content, { done: !live }));
  if (live && message.content) {
    const end = view.body.querySelector(':scope > :last-child:not(pre, ul, ol, details, .table)');
    (end ?? view.body).classList.add('cursor');
  } else if (!live) view.body.classList.remove('cursor');
  const last = index === chat.messages.length - 1;
  view.tools.replaceChildren(
    ...(live
      ? []
      : [
          last && tool('Regenerate', regenerate, 'Regenerate the answer'),
          copyButton('Copy the answer', () => message.content),
          last && tool('Tokens', (event) => showTokens(event.currentTarget), 'Tokens of this answer'),
        ].filter(Boolean)),
    h('span', { class: 'figures' }, message.stats ? describe(message.stats) : ''),
  );
}

function drawMessage(index) {
  const message = chat.messages[index];
  (message.role === 'user' ? drawUser : drawAssistant)(views[index], message, index);
}

function makeView(message) {
  const body = h('div', { class: 'body' });
  const tools = h('div', { class: 'tools' });
  const who = h('h2', { class: 'hidden' }, message.role === 'user' ? 'You' : 'Answer');
  return { body, tools, element: h('li', { class: `message ${message.role}` }, who, body, tools) };
}

/* Draws the whole conversation. */
export function draw() {
  views = chat.messages.map(makeView);
  $('messages').replaceChildren(...views.map((view) => view.element));
  for (const index of chat.messages.keys()) drawMessage(index);
  document.body.dataset.chat = chat.messages.length > 0 ? 'some' : 'empty';
  document.dispatchEvent(new Event('chat'));
  scroll.scrollTop = chat.messages.length > 0 ? scroll.scrollHeight : 0;
}

/* Only with a mouse or trackpad: on a touch screen, focus would open the keyboard. */
function focusPrompt() {
  if (matchMedia('(pointer: fine)').matches) prompt.focus();
}

function fitPrompt() {
  if (CSS.supports('field-sizing', 'content')) return;
  prompt.style.height = 'auto';
  prompt.style.height = `${prompt.scrollHeight}px`;
}

function updateButtons() {
  fitPrompt();
  const stopping = document.activeElement === $('stop');
  $('send').hidden = Boolean(running);
  $('stop').hidden = !running;
  $('send').disabled = prompt.value.trim() === '';
  if (running && document.activeElement === document.body) $('stop').focus();
  if (!running && stopping) focusPrompt();
}

/* Says why there is no answer, unless loading the model failed: models.js has reported that already. */
async function explain(error, model) {
  const failed = await Promise.race([
    model?.loaded.then(
      () => false,
      () => true,
    ),
    new Promise((resolve) => {
      setTimeout(resolve, 0, false);
    }),
  ]);
  if (!failed) showProblem(answerProblem(error));
  else if (error.name === 'AbortError') showProblem(CANCELED);
}

/* Returns changed(), which redraws a message soon but at most every REDRAW_MS, and stop(). */
function redrawing(index) {
  let due = 0;
  let timer;
  const redraw = () => {
    due = performance.now() + REDRAW_MS;
    timer = undefined;
    keepAtEnd(() => drawMessage(index));
  };
  return {
    changed() {
      timer ??= setTimeout(redraw, Math.max(0, due - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}

/* Shows that the model is still loading, if an answer has to wait for it. */
function waitingNote(message, changed) {
  const timer = setTimeout(() => {
    message.waiting = 'Waiting for the model to load…';
    changed();
  }, 200);
  return {
    clear() {
      clearTimeout(timer);
      message.waiting = undefined;
      if (running?.answer === message) changed();
    },
    stop: () => clearTimeout(timer),
  };
}

/* Answers the last message. previous: the answer to put back if this one stays empty. */
async function answer(previous) {
  let model;
  const message = { role: 'assistant', content: '', pieces: [] };
  const index = chat.messages.push(message) - 1;
  const before = chat.messages.slice(0, index);
  const own = chat; // another chat may be opened meanwhile
  const abort = new AbortController();
  const { changed, stop: stopRedrawing } = redrawing(index);

  running = { abort, answer: message };
  showProblem();
  draw();
  updateButtons();
  const waiting = waitingNote(message, changed);
  try {
    model = await modelReady(abort.signal);
    if (currentModel() === model) waiting.clear();
    else model.loaded.then(waiting.clear, () => {});
    const saving = setInterval(() => conversations.save(own), 1000);
    await streamAnswer(model, before, message, abort.signal, changed).finally(() => clearInterval(saving));
    announce(`Answer: ${message.content.slice(0, 2000)}`);
  } catch (error) {
    if (!abort.signal.aborted) await explain(error, model);
  }
  waiting.stop();
  stopRedrawing();
  running = undefined;
  if (!message.content) own.messages.splice(index, 1, ...(previous ? [previous] : []));
  if (!conversations.save(own))
    showProblem(
      'This browser’s storage is full, so this chat will be lost when you leave the page. Delete old chats to make room.',
    );
  keepAtEnd(draw);
  updateButtons();
  if (sidebarOpen('tokens')) document.dispatchEvent(new Event('tokens'));
}

function regenerate() {
  if (running) return;
  answer(chat.messages.at(-1)?.role === 'assistant' ? chat.messages.pop() : undefined);
}

function edit(index) {
  const view = views[index];
  const text = h('textarea', { 'aria-label': 'Edit your message', rows: 2 }, chat.messages[index].content);
  const back = () => {
    drawMessage(index);
    view.element.replaceChild(view.body, form);
    view.tools.hidden = false;
    view.tools.querySelector('button').focus();
  };
  const form = h(
    'form',
    { class: 'editor', onsubmit: save, onkeydown: keys },
    text,
    h(
      'div',
      { class: 'row' },
      h('button', { type: 'button', class: 'quiet', onclick: back }, 'Cancel'),
      h('button', { class: 'save' }, 'Send'),
    ),
  );

  function save(event) {
    event.preventDefault();
    if (running || text.value.trim() === '') return;
    chat.messages.splice(index, Infinity, { role: 'user', content: text.value.trim() });
    answer();
  }
  function keys(event) {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      back();
    }
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) save(event);
  }
  view.element.replaceChild(form, view.body);
  view.tools.hidden = true;
  text.focus();
  text.setSelectionRange(text.value.length, text.value.length);
}

function send(event) {
  event.preventDefault();
  const content = prompt.value.trim();
  if (running || content === '') return;
  prompt.value = '';
  chat.messages.push({ role: 'user', content });
  answer();
}

export function stop() {
  running?.abort.abort();
}

export function show(next) {
  stop();
  chat = next;
  conversations.setCurrent(chat.id);
  showProblem();
  draw();
  focusPrompt();
}

/* Keeps the end of the conversation in view when its area is resized. */
function followSize() {
  let atEnd = true;
  scroll.addEventListener('scroll', () => {
    atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40;
  });
  new ResizeObserver(() => {
    if (atEnd && chat.messages.length > 0) scroll.scrollTop = scroll.scrollHeight;
  }).observe(scroll);
}

export async function startChat({ onTokens }) {
  followSize();
  showTokens = onTokens;
  $('composer').addEventListener('submit', send);
  $('stop').addEventListener('click', stop);
  prompt.addEventListener('input', updateButtons);
  prompt.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  });
  addEventListener('pagehide', () => conversations.save(chat));
  chat = conversations.current();
  updateButtons();
  await markdownReady;
  draw();
}
