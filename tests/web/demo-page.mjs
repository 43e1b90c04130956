/* A visitor of the demo, and the checks of a script that plays one: node <script> chromium|firefox <SmolLM2.gguf>
 * [check...]. */
import { readFileSync } from 'node:fs';
import { start } from './browsers.mjs';
import { serve } from './server.js';

export const DEMO = '/web/demo/index.html';
export const QUESTION = 'What is the capital of France?';
const SHORT = { temperature: 0, max_tokens: 12 };

/* In the page: `ui`, what a visitor can do there. Elements are found by a selector and, optionally, by their text. */
function defineUi() {
  const find = (selector, text) =>
    [...document.querySelectorAll(selector)].find(
      (each) => text === undefined || (each.getAttribute('aria-label') ?? each.textContent).includes(text),
    );
  const until = async (what, told = String(what), minutes = 1) => {
    for (let tries = 0; tries < 1200 * minutes; tries++) {
      const found = what();
      if (found) return found;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    throw new Error(`not so in time: ${told}`);
  };
  const visible = (element) => Boolean(element?.checkVisibility() && element.getClientRects().length > 0);
  const click = async (selector, text) => {
    const ready = () => {
      const element = find(selector, text);
      return visible(element) && !element.disabled && element;
    };
    (await until(ready, `${selector} ${text ?? ''} can be clicked`)).click();
  };
  const type = (selector, value) => {
    const element = find(selector);
    element.focus();
    element.value = value;
    element.dispatchEvent(new Event('input', { bubbles: true }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
  };
  window.ui = {
    find,
    until,
    visible,
    click,
    type,
    text: (selector) => find(selector)?.textContent ?? '',
    seen: (selector) => visible(find(selector)),
    idle: () => until(() => visible(find('#send')), 'the answer ends'),
    ready: () => until(() => document.body.dataset.model === 'ready', 'the model is ready'),
    async ask(question) {
      type('#prompt', question);
      await click('#send');
      await ui.idle();
    },
    load(url) {
      type('#url', url);
      find('#from-url').requestSubmit();
      return ui.ready();
    },
  };
}

/* Opens the demo, or another page of it, without any chats. settings: those of the settings sidebar; stored: other values of localStorage. */
export async function visit({ browser, server }, { demo = DEMO, settings = SHORT, stored = {}, query = '' } = {}) {
  const page = await browser.page(`${server.url}/tests/web/blank.html`);
  await page.evaluate(
    (values) => {
      localStorage.clear();
      for (const [key, value] of Object.entries(values)) localStorage.setItem(key, JSON.stringify(value));
    },
    { 'quern.settings': settings, ...stored },
  );
  const open = async () => {
    await page.goto(server.url + demo + query);
    await page.waitForSelector('body[data-started]');
    await page.evaluate(defineUi);
  };
  await open();
  return {
    page,
    open,
    /* Runs a function in the page. Puppeteer waits for what it returns, as Playwright does. */
    tab: (run, argument) => page.evaluate(run, argument),
    size: (width, height) =>
      page.setViewportSize ? page.setViewportSize({ width, height }) : page.setViewport({ width, height }),
  };
}

/* The query that makes the demo load the model. */
export const loading = ({ model }) => `?model=${encodeURIComponent(model.url)}`;

/* What localStorage holds of chats: { id: [content of each message] }. The first one is open. */
export function storedChats(chats) {
  const ids = Object.keys(chats);
  const role = (at) => (at % 2 ? 'assistant' : 'user');
  const messages = (contents) => contents.map((content, at) => ({ role: role(at), content }));
  return {
    'quern.chat': ids[0],
    'quern.chats': ids.map((id, at) => ({ id, title: chats[id][0], when: 1e12 - at })),
    ...Object.fromEntries(ids.map((id) => [`quern.chat.${id}`, { id, messages: messages(chats[id]) }])),
  };
}

/* Runs the checks, { name: async (env) => ... }, and prints a line of JSON for each: its name and its error, or null. */
export async function runChecks(checks) {
  const [name, file, ...wanted] = process.argv.slice(2);
  const browser = await start(name);
  const server = await serve();
  const env = { browser, serve, server, file, model: server.add(file), bytes: readFileSync(file) };
  for (const [check, test] of Object.entries(checks)) {
    if (wanted.length > 0 && !wanted.some((each) => check.includes(each))) continue;
    const error = await test(env).then(
      () => null,
      (failure) => String(failure.stack ?? failure),
    );
    console.log(JSON.stringify({ name: check, error }));
  }
  await browser.close();
  server.close();
}
