/* The sidebar of chats: opening, searching, renaming, exporting and deleting them. */
import { currentChat, show } from './chat.js';
import * as conversations from './conversations.js';
import { $, announce, h, saveText, startOf } from './dom.js';
import { closeSidebar } from './sidebars.js';

let removed; // the chat that was deleted last, for conversations.restore()

/* The chat with an id: the open one itself, because a stored copy may be older. */
const chatOf = (id) => (id === currentChat().id ? currentChat() : conversations.open(id));

function exportChat(id) {
  const chat = chatOf(id);
  const words = conversations.titleOf(chat).replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ');
  const name = startOf(words.trim(), 60) || 'chat';
  saveText(conversations.markdownOf(chat), `${name}.md`, 'text/markdown');
}

function remove({ id, title }) {
  removed = { ...conversations.remove(id), wasOpen: id === currentChat().id };
  if (removed.wasOpen) show(conversations.create());
  drawChats();
  announce(`${title} deleted`);
  $('undo-delete').focus();
}

function undo() {
  conversations.restore(removed);
  if (removed.wasOpen) show(conversations.open(removed.chat.id));
  removed = undefined;
  drawChats();
  $('chats-title').focus();
}

/* Replaces a line by a form that renames its chat. */
function rename(line, { id, title }) {
  const input = h('input', { 'aria-label': 'Title of the chat', value: title, maxlength: 80, dir: 'auto' });
  const end = () => {
    drawChats();
    ($('chat-list').querySelector(`[data-rename="${id}"]`) ?? $('chats-title')).focus();
  };
  const save = (event) => {
    event.preventDefault();
    conversations.rename(chatOf(id), input.value.trim());
    end();
  };
  const keys = (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    end();
  };
  line.replaceChildren(
    h('form', { class: 'field', onsubmit: save, onkeydown: keys }, input, h('button', { type: 'submit' }, 'Save')),
  );
  input.select();
}

/* With the time, or with the year if it is another one: both do not fit beside the buttons on a phone. */
function dateOf(when) {
  const date = new Date(when);
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  const detail = isThisYear ? { hour: 'numeric', minute: '2-digit' } : { year: 'numeric' };
  return date.toLocaleString([], { month: 'short', day: 'numeric', ...detail });
}

function chatLine(entry) {
  const { id, title, when } = entry;
  const open = () => {
    closeSidebar();
    if (id !== currentChat().id) show(conversations.open(id));
  };
  const current = id === currentChat().id && 'true';
  const action = (name, act, label, more) =>
    h('button', { type: 'button', onclick: act, 'aria-label': `${label} ${title}`, ...more }, name);
  const line = h(
    'li',
    { class: 'chat' },
    h('button', { type: 'button', class: 'open', dir: 'auto', onclick: open, 'aria-current': current }, title),
    h(
      'div',
      { class: 'actions' },
      h('small', {}, dateOf(when)),
      action('Rename', () => rename(line, entry), 'Rename the chat', { 'data-rename': id }),
      action('Export', () => exportChat(id), 'Export the chat'),
      action('Delete', () => remove(entry), 'Delete the chat'),
    ),
  );
  return line;
}

export function drawChats() {
  const wanted = $('search-chats').value;
  const found = conversations.search(wanted);
  $('chat-list').replaceChildren(...found.map(chatLine));
  $('undo').hidden = !removed;
  if (removed) $('undo-title').textContent = `“${removed.entry.title}” was deleted.`;
  $('search').hidden = conversations.list().length === 0;
  $('no-chats').hidden = found.length > 0;
  $('no-chats').textContent = wanted ? 'No chat contains this text.' : 'There are no earlier chats.';
}

export function startChatList() {
  $('search-chats').addEventListener('input', drawChats);
  $('undo-delete').addEventListener('click', undo);
}
