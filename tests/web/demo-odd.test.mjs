/* The demo with odd texts, several tabs, interrupted answers and broken storage: node demo-odd.test.mjs
 * chromium|firefox <SmolLM2.gguf> [check...]. See demo-page.mjs. */
import assert from 'node:assert/strict';
import { loading, QUESTION, runChecks, storedChats, visit } from './demo-page.mjs';

const LONG = { temperature: 0, max_tokens: 1024 };

/* In the page: sends a message and resolves when its answer has begun. */
const begin = async (question) => {
  await ui.ready();
  ui.type('#prompt', question);
  await ui.click('#send');
  await ui.until(() => ui.text('.message.assistant .body').length > 10, 'the answer begins');
};

const STORY = 'Write a long story about a harbor.';

const checks = {
  async 'a chat that is deleted while it is answered stays deleted'(env) {
    const my = await visit(env, { settings: LONG, query: loading(env) });
    await my.tab(begin, STORY);
    const seen = await my.tab(async () => {
      await ui.click('#open-chats');
      await ui.until(() => ui.find('#chat-list .open'), 'the chat is listed');
      await ui.click('#chat-list button', 'Delete the chat');
      await ui.idle();
      await new Promise((resolve) => {
        setTimeout(resolve, 0);
      });
      return { index: localStorage.getItem('quern.chats'), messages: document.querySelectorAll('.message').length };
    });
    assert.deepEqual(seen, { index: '[]', messages: 0 });
  },

  async 'a chat that is opened while another one is answered stays open over a reload'(env) {
    const my = await visit(env, {
      settings: LONG,
      stored: storedChats({ a: ['Cats?', 'They purr.'] }),
      query: loading(env),
    });
    await my.tab(() => ui.click('#new-chat'));
    await my.tab(begin, STORY);
    await my.tab(async () => {
      await ui.click('#open-chats');
      await ui.click('#chat-list .open', 'Cats?');
      await ui.idle();
    });
    await my.open();
    assert.equal(await my.tab(() => ui.text('.message.user .body')), 'Cats?');
  },

  async 'a tab that is closed does not undo what another tab has done'(env) {
    const my = await visit(env, { stored: storedChats({ a: ['Cats?', 'They purr.'], b: ['Dogs?', 'They bark.'] }) });
    const other = await env.browser.page(my.page.url());
    await other.waitForSelector('body[data-started]');
    const when = () => JSON.parse(localStorage.getItem('quern.chats')).map((entry) => entry.when);
    const before = await my.tab(when);
    await my.tab(async () => {
      await ui.click('#open-chats');
      await ui.click('#chat-list button', 'Delete the chat Cats?');
    });
    await other.close({ runBeforeUnload: true });
    await my.open();
    assert.deepEqual(await my.tab(when), [before[1]], 'the chat stays deleted, and reading the other one is no change');
  },

  async 'an answer that the page was left in can be continued'(env) {
    const my = await visit(env, { settings: LONG, query: loading(env) });
    await my.tab(begin, STORY);
    await my.open();
    const seen = await my.tab(async () => {
      await ui.ready();
      const text = ui.text('.message.assistant .body');
      await ui.click('.message.assistant button', 'Continue the answer');
      await ui.until(() => ui.text('.message.assistant .body').length > text.length + 10, 'it goes on');
      await ui.click('#stop');
      await ui.idle();
      return text;
    });
    assert.ok(seen.length > 10);
  },

  async 'a question that the page was left with has no empty answer'(env) {
    const my = await visit(env);
    await my.tab(async (question) => {
      ui.type('#prompt', question);
      await ui.click('#send');
      await ui.until(() => ui.find('.message.assistant'), 'it waits for a model');
    }, QUESTION);
    await my.open();
    const seen = await my.tab(() => ({
      messages: document.querySelectorAll('.message').length,
      answer: ui.seen('.message.user button[aria-label="Answer this message"]'),
    }));
    assert.deepEqual(seen, { messages: 1, answer: true });
  },

  async 'stored values that make no sense do not keep the page from starting'(env) {
    for (const stored of [
      { 'quern.chat': 'x', 'quern.chat.x': { id: 'x' } },
      { 'quern.chat': 'x', 'quern.chat.x': { id: 'x', messages: [null] } },
      { 'quern.chats': { a: 1 }, 'quern.chat': {} },
      { 'quern.settings': 5, 'quern.theme': 7, 'quern.draft': {}, 'quern.model': 3 },
      { 'quern.settings': { temperature: 'hot', overflow: 'never', max_tokens: -3, unknown: 1 } },
    ]) {
      const my = await visit(env, { stored });
      await my.tab(async () => {
        for (const name of ['chats', 'settings', 'models']) await ui.click(`#open-${name}`);
      });
      const seen = await my.tab(async (url) => {
        await ui.load(url);
        ui.type('#prompt', 'Hello');
        await ui.click('#send');
        await ui.until(() => ui.find('.message.assistant'), 'an answer begins');
        await ui.idle();
        return [ui.text('.message.assistant .body'), ui.text('#problem')];
      }, env.model.url);
      assert.ok(seen[0].length > 0 && seen[1] === '', JSON.stringify([stored, seen]));
      await my.page.close();
    }
  },

  async 'names of files and addresses may be odd'(env) {
    const my = await visit(env);
    const { host } = new URL(env.server.url);
    const problems = {
      [`${host}/missing.gguf`]: /^“missing” could not be loaded\. There is no file at http:\/\/localhost/,
      'C:\\my models\\a.gguf': /is a file on this device.*Use “Choose a file”/,
      '/srv/models/a.gguf': /is a file on this device/,
      'file:///srv/models/a.gguf': /is a file on this device/,
      'ftp://example.org/a.gguf': /^“ftp:.*” is not a URL/,
    };
    for (const [address, problem] of Object.entries(problems)) {
      const said = await my.tab(async (typed) => {
        ui.find('#problem').textContent = '';
        ui.type('#url', typed);
        ui.find('#from-url').requestSubmit();
        await ui.until(() => ui.text('#problem') !== '', `a problem with ${typed} is shown`);
        return ui.text('#problem');
      }, address);
      assert.match(said, problem);
    }
    const names = await my.tab(async () => {
      const { fileOf } = await import('./catalog.js');
      const files = ['100%.gguf', 'a%20b.gguf'].map((name) => new File([], name));
      return [...files, 'https://example.org/%E0%A4%A.gguf', 'https://example.org/a%20b.gguf'].map(fileOf);
    });
    assert.deepEqual(names, ['100%.gguf', 'a%20b.gguf', '%E0%A4%A.gguf', 'a b.gguf']);
  },

  async 'texts from right to left start at the right'(env) {
    const arabic =
      'مرحبا! أنا بخير.\n\n- عنصر أول\n\n> اقتباس\n\n| أ | ب |\n|---|---|\n| س | 2 |\n\n`x` = قيمة\n\n```js\nlet a;\n```';
    const my = await visit(env, { stored: storedChats({ a: ['كيف حالك؟', arabic, 'fine', 'left'] }) });
    const seen = await my.tab(() => {
      ui.type('#prompt', 'كيف');
      const direction = (selector) =>
        [...document.querySelectorAll(selector)].map((each) => getComputedStyle(each).direction);
      return {
        body: direction('.message.assistant .body > p'),
        list: direction('.message ul'),
        quote: direction('.message blockquote'),
        table: direction('.message table'),
        code: direction('.message pre'),
        user: direction('.message.user .body'),
        prompt: direction('#prompt'),
        aligned: [...document.querySelectorAll('.message.assistant .body > p')].map(
          (each) => getComputedStyle(each).textAlign,
        ),
      };
    });
    assert.deepEqual(seen, {
      body: ['rtl', 'rtl', 'ltr'],
      list: ['rtl'],
      quote: ['rtl'],
      table: ['rtl'],
      code: ['ltr'],
      user: ['rtl', 'ltr'],
      prompt: ['rtl'],
      aligned: ['start', 'start', 'start'],
    });
  },

  async 'a wide table scrolls and keeps its words whole'(env) {
    const cells = Array(12).fill('understanding').join(' | ');
    const table = `| ${cells} |\n|${'---|'.repeat(12)}\n| ${cells} |`;
    const my = await visit(env, { stored: storedChats({ a: ['Hi', table] }) });
    const seen = await my.tab(() => {
      const [box, cell] = [ui.find('.message .table'), ui.find('.message td')];
      return {
        lines: cell.getClientRects()[0].height < 40,
        scrolls: box.scrollWidth > box.clientWidth,
        fits: document.documentElement.scrollWidth <= innerWidth,
      };
    });
    assert.deepEqual(seen, { lines: true, scrolls: true, fits: true });
  },

  async 'a title is not cut within a character'(env) {
    const my = await visit(env);
    const title = await my.tab(async () => {
      const { titleOf } = await import('./conversations.js');
      return titleOf({ messages: [{ role: 'user', content: `${'x'.repeat(79)}🌍🌍` }] });
    });
    assert.equal(title.isWellFormed(), true);
  },

  async 'an answer that fills the context says so'(env) {
    const my = await visit(env, { settings: { ...LONG, contextSize: 64 }, query: loading(env) });
    const seen = await my.tab(async (question) => {
      await ui.ready();
      await ui.ask(question);
      const figures = ui.text('.message.assistant .figures');
      await ui.click('.message.assistant button', 'Continue the answer');
      await ui.until(() => ui.text('#problem') !== '', 'a problem is shown');
      return { figures, problem: ui.text('#problem') };
    }, STORY);
    assert.match(seen.figures, /the context is full$/);
    assert.match(seen.problem, /no longer fits in the context.*Start a new chat/);
  },

  async 'the enter key of an input method does not send'(env) {
    const my = await visit(env);
    const sent = await my.tab(() => {
      ui.type('#prompt', 'かな');
      ui.find('#prompt').dispatchEvent(
        new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }),
      );
      return document.querySelectorAll('.message').length;
    });
    assert.equal(sent, 0);
  },

  async 'a setting that is out of range says which range it has'(env) {
    const my = await visit(env);
    const seen = await my.tab(async () => {
      await ui.click('#open-settings');
      const state = () => [ui.find('#set-max_tokens').getAttribute('aria-invalid'), ui.text('#hint-max_tokens')];
      return ['0', '12.5', '100'].map((value) => {
        ui.type('#set-max_tokens', value);
        return state();
      });
    });
    const wrong = ['true', 'Enter a whole number from 1 to 32768.'];
    assert.deepEqual(seen, [wrong, wrong, ['false', 'In tokens.']]);
  },

  async 'an answer that is being written again keeps its versions when the page is left'(env) {
    const my = await visit(env, { settings: { temperature: 1, max_tokens: 300 }, query: loading(env) });
    const before = await my.tab(async (question) => {
      await ui.ready();
      ui.type('#prompt', question);
      await ui.click('#send');
      await ui.until(() => ui.text('.message.assistant .body').length > 10, 'the answer begins');
      await ui.click('#stop');
      await ui.idle();
      const text = ui.text('.message.assistant .body');
      await ui.click('.message.assistant button', 'Regenerate');
      return text;
    }, STORY);
    await my.open();
    const seen = await my.tab(async () => {
      await ui.ready();
      const texts = new Set([ui.text('.message.assistant .body')]);
      if (ui.find('.versions button')) {
        await ui.click('.versions button', 'Previous version');
        texts.add(ui.text('.message.assistant .body'));
      }
      return [...texts];
    });
    assert.ok(seen.includes(before), JSON.stringify([before, seen]));
  },
};

await runChecks(checks);
