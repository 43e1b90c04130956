/* Entry point of the demo: connects the conversation, the models and the sidebars. */
import { currentChat, lastExchange, show, startChat, stop } from './chat.js';
import * as conversations from './conversations.js';
import { $, h } from './dom.js';
import { controlled } from './installed.js';
import { currentModel, drawModels, load, loadLast, reload, startModels, statusLine } from './models.js';
import { startSettings } from './settings.js';
import { closeSidebar, openSidebar, startSidebars } from './sidebars.js';
import { drawTokens, startTokens } from './tokens.js';

function contextUsed() {
  const stats = lastExchange().answer?.stats;
  return stats?.prompt && stats.prompt + stats.tokens;
}

/* The list of models is on the start page until there is a model or a message; after that it is in its sidebar. */
function arrange() {
  const state = document.body.dataset;
  const start = state.model === 'none' && state.chat === 'empty';
  $('start').hidden = !start;
  (start ? $('start-slot') : $('sidebar-slot')).append($('chooser'));
  $('greeting').hidden = !(state.model === 'ready' && state.chat === 'empty');
  $('greeting-name').textContent = $('model-name').textContent;
  $('status').textContent =
    state.model === 'none' && !start ? 'Choose a model to continue.' : statusLine(contextUsed());
}

function chatLine({ id, title, when }) {
  const open = () => {
    closeSidebar();
    show(conversations.open(id));
  };
  const remove = () => {
    conversations.remove(id);
    if (id === currentChat()) show(conversations.create());
    drawChats();
    $('chats-title').focus();
  };
  const date = new Date(when).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  const current = id === currentChat() && 'true';
  return h(
    'li',
    {},
    h('button', { type: 'button', class: 'open', onclick: open, 'aria-current': current }, title, h('small', {}, date)),
    h(
      'button',
      { type: 'button', class: 'quiet', onclick: remove, 'aria-label': `Delete the chat ${title}` },
      'Delete',
    ),
  );
}

function drawChats() {
  $('chat-list').replaceChildren(...conversations.list().map(chatLine));
}

document.addEventListener('model', arrange);
document.addEventListener('chat', arrange);
document.addEventListener('leaving', stop);
startSidebars({ models: drawModels, chats: drawChats, tokens: drawTokens });
startSettings({ reloadModel: reload });
startTokens();
$('new-chat').addEventListener('click', () => show(conversations.create()));

await Promise.all([
  startChat({ onTokens: (from) => openSidebar('tokens', from) }),
  startModels({ before: controlled }),
]);
document.body.dataset.started = '';
const wanted = new URLSearchParams(location.search).get('model');
if (wanted) load(new URL(wanted, location.href).href);
else if (!currentModel()) loadLast();
