/* Entry point of the demo: connects the conversation, the models and the sidebars. */
import { lastExchange, show, startChat, stop } from './chat.js';
import { drawChats, startChatList } from './chat-list.js';
import * as conversations from './conversations.js';
import { $, showProblem } from './dom.js';
import { controlled } from './installed.js';
import { drawModels, startModelList, statusLine } from './model-list.js';
import { currentModel, load, loadLast, reload, startModels } from './models.js';
import { startSamples } from './samples.js';
import { startSettings } from './settings.js';
import { openSidebar, startSidebars } from './sidebars.js';
import { drawTokens, startTokens } from './tokens.js';

/* While there is no model, the list of models is below the conversation; after that it is in its sidebar. */
function arrange() {
  const { model, chat, example } = document.body.dataset;
  const start = model === 'none' && !example;
  $('start').hidden = !start;
  $('welcome').hidden = chat !== 'empty';
  (start ? $('start-slot') : $('sidebar-slot')).append($('chooser'));
  $('greeting').hidden = start || chat !== 'empty';
  $('greeting-text').hidden = model !== 'ready';
  $('greeting-name').textContent = $('model-name').textContent;
  $('status').textContent =
    start && chat !== 'empty' ? 'Choose a model to continue.' : statusLine(lastExchange().answer?.stats?.used);
}

/* Opens the example that the address names; otherwise returns to the chat. */
async function followAddress() {
  const name = /^#(invoice|calendar|intent)$/.exec(location.hash)?.[1];
  if (!name && !document.body.dataset.example) return;
  try {
    const { show: showExample } = await import('./structured/example.js');
    await showExample(name);
  } catch {
    showProblem('The example could not be loaded. Check your connection to the internet, then open it again.');
  }
}

document.addEventListener('model', arrange);
document.addEventListener('chat', arrange);
document.addEventListener('leaving', stop);
startSidebars({ models: drawModels, chats: drawChats, tokens: drawTokens });
startSettings({ reloadModel: reload });
startTokens();
startChatList();
startSamples();
$('new-chat').addEventListener('click', () => show(conversations.create()));
$('open-examples').addEventListener('click', () => {
  location.hash = 'invoice';
});
addEventListener('hashchange', followAddress);

await Promise.all([
  startChat({ onTokens: (from) => openSidebar('tokens', from) }),
  startModels({ before: controlled }),
]);
startModelList();
await followAddress();
document.body.dataset.started = '';
const wanted = new URLSearchParams(location.search).get('model');
if (wanted) load(new URL(wanted, location.href).href);
else if (!currentModel()) loadLast();
