/* The conversation: sends, stops, edits, regenerates and continues. messages.js draws it. */
import { streamAnswer } from './answer.js';
import * as conversations from './conversations.js';
import { $, announce, isSend, showProblem, startOf } from './dom.js';
import { markdownReady } from './markdown.js';
import { drawMessage, makeView, openEditor } from './messages.js';
import { currentModel, modelReady, modelState } from './models.js';
import { answerProblem } from './problems.js';
import { keepAtEnd, scrollToEnd, scrollToStart, startScrolling } from './scrolling.js';
import { sidebarOpen } from './sidebars.js';

const REDRAW_MS = 80;
let chat = conversations.create();
let running; // { abort, answer, chat } while the model answers
let views = []; // one per message
let showTokens;

const prompt = $('prompt');

/* The last answer and the messages that it was given, for the token sidebar. */
export function lastExchange() {
  const end = chat.messages.findLastIndex((message) => message.role === 'assistant');
  return end < 0 ? { before: chat.messages } : { before: chat.messages.slice(0, end), answer: chat.messages[end] };
}

export const currentChat = () => chat;

function drawAt(index) {
  const act = { regenerate, continueAnswer, showTokens, edit: () => edit(index), showVersion: showVersion(index) };
  const message = chat.messages[index];
  const last = index === chat.messages.length - 1;
  drawMessage(views[index], message, { live: running?.answer === message, last, busy: Boolean(running), act });
}

/* Draws the whole conversation. */
function redraw() {
  views = chat.messages.map(makeView);
  $('messages').replaceChildren(...views.map((view) => view.element));
  for (const index of chat.messages.keys()) drawAt(index);
  document.body.dataset.chat = chat.messages.length > 0 ? 'some' : 'empty';
  document.dispatchEvent(new Event('chat'));
}

function drawFromEnd() {
  redraw();
  if (chat.messages.length > 0) scrollToEnd();
  else scrollToStart();
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

/* Says why there is no answer, unless loading the model failed: models.js says that, and how to help it. */
async function explain(error, model) {
  const mayBeLoading = model && model !== currentModel() && error.name !== 'RequestError';
  const failed =
    mayBeLoading &&
    (await model.loaded.then(
      () => false,
      () => true,
    ));
  if (!failed && !error.shown) showProblem(answerProblem(error));
}

/* Returns changed(), which redraws a message of the open chat soon but at most every REDRAW_MS, and stop(). */
function redrawing(index) {
  const own = chat;
  let due = 0;
  let timer;
  const draw = () => {
    due = performance.now() + REDRAW_MS;
    timer = undefined;
    if (chat === own) keepAtEnd(() => drawAt(index));
  };
  return {
    changed() {
      timer ??= setTimeout(draw, Math.max(0, due - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}

/* Shows what an answer waits for, unless the model is ready soon. */
function waitingNote(message, changed) {
  const tell = () => {
    message.waiting = modelState() === 'none' ? 'Choose a model to get the answer.' : 'Waiting for the model to load…';
    changed();
  };
  const timer = setTimeout(tell, 200);
  document.addEventListener('model', tell);
  const stop = () => {
    clearTimeout(timer);
    document.removeEventListener('model', tell);
  };
  return {
    stop,
    clear() {
      stop();
      message.waiting = undefined;
      if (running?.answer === message) changed();
    },
  };
}

/* Streams the answer into the message at `index`, whose text is continued if it has one. */
async function stream(index) {
  let model;
  const own = chat; // another chat may be opened meanwhile
  const message = own.messages[index];
  const abort = new AbortController();
  const { changed, stop: stopRedrawing } = redrawing(index);

  running = { abort, answer: message, chat: own };
  conversations.save(own);
  showProblem();
  drawFromEnd();
  updateButtons();
  if (modelState() === 'none') views[index - 1].element.scrollIntoView();
  const waiting = waitingNote(message, changed);
  try {
    model = await modelReady(abort.signal);
    if (currentModel() === model) waiting.clear();
    else model.loaded.then(waiting.clear, () => {});
    const saving = setInterval(() => conversations.save(own), 1000);
    await streamAnswer(model, own.messages.slice(0, index), message, abort.signal, changed).finally(() =>
      clearInterval(saving),
    );
    announce(`Answer: ${startOf(message.content, 2000)}`);
  } catch (error) {
    if (!abort.signal.aborted) await explain(error, model);
  }
  waiting.stop();
  stopRedrawing();
  running = undefined;
}

/* Stores the chat after an answer, and draws it. */
function finish(own) {
  if (!conversations.save(own))
    showProblem(
      'This browser’s storage is full, so this chat will be lost when you leave the page. Delete old chats to make room.',
    );
  keepAtEnd(redraw);
  updateButtons();
  if (sidebarOpen('tokens')) document.dispatchEvent(new Event('tokens'));
}

/* Answers the last message. previous: another version of the answer, which comes back if the new one stays empty. */
async function answer(previous) {
  const own = chat;
  const message = { role: 'assistant', content: '', pieces: [] };
  const versions = previous && [...(previous.versions ?? [previous]), message];
  for (const version of versions ?? []) version.versions = versions;
  const index = own.messages.push(message) - 1;
  await stream(index);
  if (!message.content) {
    own.messages.splice(index, 1, ...(previous ? [previous] : []));
    versions?.pop();
  }
  finish(own);
}

function regenerate() {
  if (running) return;
  answer(chat.messages.at(-1)?.role === 'assistant' ? chat.messages.pop() : undefined);
}

async function continueAnswer() {
  if (running) return;
  const own = chat;
  await stream(own.messages.length - 1);
  finish(own);
}

const showVersion = (index) => (version, label) => {
  chat.messages[index] = version;
  conversations.save(chat);
  keepAtEnd(redraw);
  const buttons = [...views[index].tools.querySelectorAll('.versions button')];
  (
    buttons.find((each) => !each.disabled && each.ariaLabel === label) ?? buttons.find((each) => !each.disabled)
  )?.focus();
};

function edit(index) {
  const view = views[index];
  openEditor(view, chat.messages[index].content, {
    save(content) {
      if (running) return;
      chat.messages.splice(index, Infinity, { role: 'user', content });
      answer();
    },
    back() {
      drawAt(index);
      view.tools.querySelector('button').focus();
    },
  });
}

export function ask(content) {
  if (running) return;
  chat.messages.push({ role: 'user', content });
  answer();
}

function send(event) {
  event.preventDefault();
  const content = prompt.value.trim();
  if (running || content === '') return;
  prompt.value = '';
  conversations.setDraft('');
  ask(content);
}

export function stop() {
  running?.abort.abort();
}

export function show(next) {
  stop();
  chat = next;
  conversations.setCurrent(chat.id);
  location.hash = ''; // of an example
  showProblem();
  drawFromEnd();
  focusPrompt();
}

export async function startChat({ onTokens }) {
  startScrolling(() => chat.messages.length > 0);
  showTokens = onTokens;
  $('composer').addEventListener('submit', send);
  $('stop').addEventListener('click', stop);
  prompt.addEventListener('input', () => {
    conversations.setDraft(prompt.value);
    updateButtons();
  });
  prompt.addEventListener('keydown', (event) => {
    if (isSend(event)) send(event);
  });
  addEventListener('pagehide', () => running && conversations.save(running.chat));
  chat = conversations.current();
  conversations.setCurrent(chat.id);
  prompt.value = conversations.draft();
  updateButtons();
  await markdownReady;
  drawFromEnd();
}
