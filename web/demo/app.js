/* The demo: puts its parts together. */
import { $, h } from './dom.js';
import * as conversations from './conversations.js';
import { currentChat, lastExchange, show, startChat, stop } from './chat.js';
import { controlled } from './installed.js';
import { currentModel, drawModels, load, loadAgain, loadLast, startModels, statusLine } from './models.js';
import { closePanel, openPanel, startPanels } from './panels.js';
import { startSettings } from './settings.js';
import { drawTokens, startTokens } from './tokens.js';

function contextUsed() {
  const stats = lastExchange().answer?.stats;
  return stats?.prompt && stats.prompt + stats.tokens;
}

/* The chooser stands on the start page as long as there is nothing else, and in its panel after that. */
function arrange() {
  const state = document.body.dataset;
  const start = state.model === 'none' && state.chat === 'empty';
  $('start').hidden = !start;
  (start ? $('start-place') : $('panel-place')).append($('chooser'));
  $('greeting').hidden = !(state.model === 'ready' && state.chat === 'empty');
  $('greeting-name').textContent = $('model-name').textContent;
  $('status').textContent =
    state.model === 'none' && !start ? 'Choose a model above to go on.' : statusLine(contextUsed());
}

function drawChats() {
  const entries = conversations.list();
  $('chat-list').replaceChildren(
    ...entries.map(({ id, title, when }) => {
      const open = () => {
        closePanel();
        show(conversations.open(id));
      };
      const remove = () => {
        conversations.remove(id);
        if (id === currentChat()) show(conversations.create());
        drawChats();
        $('chats-title').focus();
      };
      return h(
        'li',
        {},
        h(
          'button',
          { type: 'button', class: 'open', onclick: open, 'aria-current': id === currentChat() && 'true' },
          title,
          h('small', {}, new Date(when).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })),
        ),
        h(
          'button',
          { type: 'button', class: 'quiet', onclick: remove, 'aria-label': `Delete the chat ${title}` },
          'Delete',
        ),
      );
    }),
  );
}

document.addEventListener('model', arrange);
document.addEventListener('chat', arrange);
document.addEventListener('leaving', stop);
startPanels({ models: drawModels, chats: drawChats, tokens: drawTokens });
startSettings({ reloadModel: loadAgain });
startTokens();
$('new-chat').addEventListener('click', () => show(conversations.create()));

await Promise.all([startChat({ onTokens: (from) => openPanel('tokens', from) }), startModels({ before: controlled })]);
document.body.dataset.started = '';
const wanted = new URLSearchParams(location.search).get('model');
if (wanted) load(new URL(wanted, location.href).href);
else if (!currentModel()) loadLast();
