/* The conversation: what is said is drawn here, sent, stopped, edited and asked again. */
import { $, announce, copyButton, h, problem } from './dom.js';
import { describe, streamAnswer } from './answer.js';
import * as conversations from './conversations.js';
import { markdownReady, render } from './markdown.js';
import { currentModel, modelReady } from './models.js';
import { panelOpen } from './panels.js';
import { answerProblem } from './problems.js';

const DRAW_EVERY = 80; // ms
let chat = conversations.create();
let running; // { abort, answer } while an answer is made
let views = []; // one for each message
let showTokens;

const scroll = $('scroll');
const prompt = $('prompt');

/* Until here what is said matters to the last answer: for the token view. */
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
  if (live && message.content)
    (view.body.querySelector(':scope > :last-child:not(pre, ul, ol, details, .table)') ?? view.body).classList.add(
      'cursor',
    );
  else if (!live) view.body.classList.remove('cursor');
  const last = index === chat.messages.length - 1;
  view.tools.replaceChildren(
    ...(live
      ? []
      : [
          last && tool('Again', regenerate, 'Answer again'),
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

/* Everything anew, but for what is being written. */
export function draw() {
  views = chat.messages.map(makeView);
  $('messages').replaceChildren(...views.map((view) => view.element));
  chat.messages.forEach((_, index) => drawMessage(index));
  document.body.dataset.chat = chat.messages.length > 0 ? 'some' : 'empty';
  document.dispatchEvent(new Event('chat'));
  scroll.scrollTop = chat.messages.length > 0 ? scroll.scrollHeight : 0;
}

/* Where there is a keyboard; elsewhere the focus would bring one up. */
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

/* A model that did not come is explained where it was loaded. */
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
  if (!failed) problem(answerProblem(error));
  else if (error.name === 'AbortError') problem('Without a model there is no answer.');
}

/* previous: the answer that this one takes the place of, unless nothing comes. */
async function answer(previous) {
  let model;
  const message = { role: 'assistant', content: '', pieces: [] };
  const index = chat.messages.push(message) - 1;
  const before = chat.messages.slice(0, index);
  const mine = chat;
  const abort = new AbortController();
  let due = 0,
    timer;
  const redraw = () =>
    keepAtEnd(() => {
      due = performance.now() + DRAW_EVERY;
      timer = undefined;
      drawMessage(index);
    });
  const changed = () => {
    timer ??= setTimeout(redraw, Math.max(0, due - performance.now()));
  };

  running = { abort, answer: message };
  problem();
  draw();
  updateButtons();
  const waiting = setTimeout(() => {
    message.waiting = 'Answers as soon as the model is here.';
    changed();
  }, 200);
  const here = () => {
    clearTimeout(waiting);
    message.waiting = undefined;
    if (running?.answer === message) changed();
  };
  try {
    model = await modelReady(abort.signal);
    if (currentModel() === model) here();
    else model.loaded.then(here, () => {});
    const keep = setInterval(() => conversations.save(mine), 1000);
    await streamAnswer(model, before, message, abort.signal, changed).finally(() => clearInterval(keep));
    announce(`Answer: ${message.content.slice(0, 2000)}`);
  } catch (error) {
    if (!abort.signal.aborted) await explain(error, model);
  }
  clearTimeout(waiting);
  clearTimeout(timer);
  running = undefined;
  if (!message.content) mine.messages.splice(index, 1, ...(previous ? [previous] : []));
  if (!conversations.save(mine))
    problem('This browser has no room for more chats: this one lasts until the page is left. Delete some under Chats.');
  keepAtEnd(draw);
  updateButtons();
  if (panelOpen('tokens')) document.dispatchEvent(new Event('tokens'));
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
  problem();
  draw();
  focusPrompt();
}

/* When the room for the conversation changes, its end stays in sight. */
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
