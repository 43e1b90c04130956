/* What a visitor of the demo finds and does, in a browser: node demo-chats.test.mjs chromium|firefox <SmolLM2.gguf>
 * [check...]. See demo-page.mjs. */
import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { loading, QUESTION, runChecks, visit } from './demo-page.mjs';
import { editorOf } from './edit-model.mjs';
import { loopOf } from './loops.mjs';

/* The likeliest tokens, without penalties. */
const PLAIN = { system: '', temperature: 0, repeat_penalty: 1, frequency_penalty: 0 };

const bad = (server) =>
  server.add(Buffer.from('<!doctype html><title>Sign in</title>'.repeat(99)), { name: 'login.gguf' });

const checks = {
  async 'every control of the settings has its name as its label'(env) {
    const my = await visit(env);
    const unnamed = await my.tab(async () => {
      await ui.click('#open-settings');
      return [...document.querySelectorAll('#settings-form :is(input, textarea, select)')]
        .filter(({ labels }) => labels.length !== 1 || !/^[A-Z][A-Za-z ]+$/.test(labels[0].textContent))
        .map((control) => control.name);
    });
    assert.deepEqual(unnamed, []);
  },

  async 'a question before there is a model keeps the models in view'(env) {
    const my = await visit(env);
    const before = await my.tab(async (question) => {
      ui.type('#prompt', question);
      await ui.click('#send');
      await ui.until(() => /Choose a model/.test(ui.text('.message.assistant')), 'the answer says what it waits for');
      return { cards: ui.seen('#cards button'), url: ui.seen('#url'), status: ui.text('#status') };
    }, QUESTION);
    assert.deepEqual(before, { cards: true, url: true, status: 'Choose a model to continue.' });
    const after = await my.tab(async (url) => {
      await ui.load(url);
      await ui.idle();
      return { text: ui.text('.message.assistant .body'), cards: ui.seen('#cards button') };
    }, env.model.url);
    assert.match(after.text, /Paris/);
    assert.equal(after.cards, false);
  },

  async 'the error of a bad file keeps its help while a question waits for it'(env) {
    const half = env.server.add(env.bytes.subarray(0, env.bytes.length >> 1), { name: 'half.gguf' });
    for (const { url } of [bad(env.server), half]) {
      const my = await visit(env);
      const said = await my.tab(async (address) => {
        const texts = new Set();
        new MutationObserver(() => texts.add(ui.text('#problem'))).observe(ui.find('#problem'), { childList: true });
        ui.type('#prompt', 'Hello');
        await ui.click('#send');
        ui.type('#url', address);
        ui.find('#from-url').requestSubmit();
        await ui.until(() => ui.seen('#problem'), 'a problem is shown');
        await ui.until(() => document.body.dataset.model === 'none', 'loading has ended');
        await ui.idle();
        await new Promise((resolve) => {
          setTimeout(resolve, 0);
        });
        return [...texts].filter((text) => text !== '');
      }, url);
      for (const text of said)
        assert.match(
          text,
          /^“(login|half)” could not be loaded\. .*Check that this is the right file and that it is c/s,
        );
    }
  },

  async 'a deleted chat can be restored'(env) {
    const my = await visit(env, { query: loading(env) });
    const { gone, back, shown } = await my.tab(async (question) => {
      const listed = () => document.querySelectorAll('#chat-list .open').length;
      await ui.ready();
      await ui.ask(question);
      const said = ui.text('.message.assistant .body');
      await ui.click('#open-chats');
      await ui.click('#chat-list button', 'Delete the chat');
      const gone = listed();
      await ui.click('#chats button', 'Undo');
      const back = listed();
      await ui.click('#chat-list .open');
      return { gone, back, shown: ui.text('.message.assistant .body') === said };
    }, QUESTION);
    assert.deepEqual({ gone, back, shown }, { gone: 0, back: 1, shown: true });
  },

  async 'a draft is kept over a reload, until it is sent'(env) {
    const my = await visit(env);
    await my.tab(() => ui.type('#prompt', 'half a question'));
    await my.open();
    assert.equal(await my.tab(() => ui.find('#prompt').value), 'half a question');
    assert.equal(await my.tab(() => ui.find('#send').disabled), false);
    await my.tab(() => ui.click('#send'));
    await my.open();
    assert.equal(await my.tab(() => ui.find('#prompt').value), '');
  },

  async 'the number of tokens in the context stays after Stop'(env) {
    const my = await visit(env, {
      settings: { temperature: 0, max_tokens: 1024 },
      query: loading(env),
    });
    const status = await my.tab(async () => {
      await ui.ready();
      ui.type('#prompt', 'Write a long story about a harbor.');
      await ui.click('#send');
      await ui.until(() => ui.text('.message.assistant .body').length > 20, 'the answer begins');
      await ui.click('#stop');
      await ui.idle();
      return ui.text('#status');
    });
    assert.match(status, /\d+ of [\d,]+ tokens/);
  },

  async 'while the threads are being tuned, the page says so'(env) {
    const my = await visit(env);
    const { told, most, last } = await my.tab(async (url) => {
      const told = [];
      new MutationObserver(() => told.push(ui.text('#status'))).observe(ui.find('#status'), { childList: true });
      ui.type('#prompt', 'Hello');
      await ui.click('#send');
      await ui.load(url);
      await ui.idle();
      const last = await ui.until(() => /^(\d+ of )?\d+ threads? /.test(ui.text('#status')) && ui.text('#status'));
      return { told, most: Math.min(8, navigator.hardwareConcurrency), last };
    }, env.model.url);
    if (most > 1)
      assert.ok(
        told.some((text) => text.startsWith(`up to ${most} threads, tuning`)),
        told.join('\n'),
      );
    assert.doesNotMatch(last, /tuning/);
  },

  async 'a model of the list has one name everywhere, and is not among the other models'(env) {
    const my = await visit(env);
    const names = await my.tab(async (url) => {
      await ui.load(url);
      await ui.click('#open-models');
      await ui.until(() => ui.find('#stored .open'), 'the stored models are listed');
      return {
        bar: ui.text('#model-name'),
        facts: ui.text('#facts'),
        stored: ui.find('#stored .open').firstChild.textContent,
        current: ui.find('#stored .open').getAttribute('aria-current'),
        others: [...document.querySelectorAll('#cards li')].filter(ui.visible).map((each) => each.textContent),
      };
    }, env.model.url);
    assert.equal(names.bar, 'SmolLM2 135M');
    assert.equal(names.stored, 'SmolLM2 135M');
    assert.equal(names.current, 'true');
    assert.ok(names.facts.includes('SmolLM2-135M-Instruct.Q4_1.gguf'), 'the facts have the file');
    assert.doesNotMatch(names.facts, /Lc100K/);
    assert.ok(names.others.length >= 3);
    assert.ok(!names.others.some((each) => each.startsWith('SmolLM2 135M')), names.others.join());
  },

  async 'an answer that was regenerated keeps its versions'(env) {
    const my = await visit(env, { settings: { temperature: 1.5, max_tokens: 8 }, query: loading(env) });
    const seen = await my.tab(async () => {
      await ui.ready();
      await ui.ask('Tell me a story.');
      const texts = [ui.text('.message.assistant .body')];
      for (let again = 0; again < 2; again++) {
        await ui.click('.message.assistant button', 'Regenerate');
        await ui.idle();
        texts.push(ui.text('.message.assistant .body'));
      }
      const at = ui.text('.versions span');
      await ui.click('.versions button', 'Previous version');
      return { texts, at, shown: ui.text('.message.assistant .body'), after: ui.text('.versions span') };
    });
    assert.equal(new Set(seen.texts).size, 3);
    assert.deepEqual([seen.at, seen.after, seen.shown], ['3 of 3', '2 of 3', seen.texts[1]]);
    await my.open();
    const kept = await my.tab(async () => {
      const text = ui.text('.message.assistant .body');
      await ui.click('.versions button', 'Next version');
      return [text, ui.text('.message.assistant .body'), ui.find('.versions button', 'Next version').disabled];
    });
    assert.deepEqual(kept, [seen.texts[1], seen.texts[2], true]);
  },

  async 'code is colored, and only by spans'(env) {
    const my = await visit(env);
    await my.tab(() => {
      const content =
        '```python\ndef area(r):\n    # a <circle>\n    return 3.14 * r ** 2, "<img src=x>"\n```\n\n```nolang\nplain\n```';
      const messages = [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content },
      ];
      localStorage.setItem('quern.chat', '"one"');
      localStorage.setItem('quern.chat.one', JSON.stringify({ id: 'one', messages }));
    });
    await my.open();
    const code = await my.tab(async () => {
      await ui.until(() => ui.find('.code .keyword'), 'the code is colored');
      const [python, plain] = document.querySelectorAll('.code code');
      const of = (kind) => [...python.querySelectorAll(`.${kind}`)].map((each) => each.textContent);
      return {
        text: python.textContent,
        kinds: [of('keyword'), of('comment'), of('number'), of('string'), of('name')],
        elements: [...new Set([...python.querySelectorAll('*')].map((each) => each.localName))],
        plain: plain.innerHTML,
      };
    });
    assert.deepEqual(code, {
      text: 'def area(r):\n    # a <circle>\n    return 3.14 * r ** 2, "<img src=x>"',
      kinds: [['def', 'return'], ['# a <circle>'], ['3.14', '2'], ['"<img src=x>"'], ['area']],
      elements: ['span'],
      plain: 'plain',
    });
  },

  async 'an empty chat offers sample questions'(env) {
    const my = await visit(env, { query: loading(env) });
    const { question, text, count } = await my.tab(async () => {
      await ui.ready();
      await ui.click('#samples button', 'capital of France');
      await ui.until(() => ui.find('.message.assistant'), 'the answer begins');
      await ui.idle();
      const [question] = document.querySelectorAll('.message.user .body');
      return { question: question.textContent, text: ui.text('.message.assistant .body'), count: ui.seen('#samples') };
    });
    assert.deepEqual([question, count], [QUESTION, false]);
    assert.match(text, /Paris/);
  },

  async 'chats can be searched, renamed and exported'(env) {
    const my = await visit(env);
    await my.tab(() => {
      const chats = { a: ['Cats?', 'They purr.'], b: ['Dogs?', 'They <b>bark</b>.'] };
      for (const [id, [question, content]] of Object.entries(chats)) {
        const messages = [
          { role: 'user', content: question },
          { role: 'assistant', content },
        ];
        localStorage.setItem(`quern.chat.${id}`, JSON.stringify({ id, messages }));
      }
      const entries = Object.entries(chats).map(([id, [title]], at) => ({ id, title, when: 1e12 - at }));
      localStorage.setItem('quern.chats', JSON.stringify(entries));
    });
    await my.open();
    const seen = await my.tab(async () => {
      const titles = () => [...document.querySelectorAll('#chat-list .open')].map((each) => each.textContent);
      await ui.click('#open-chats');
      const all = titles();
      ui.type('#search-chats', 'PURR');
      const found = titles();
      ui.type('#search-chats', 'birds');
      const none = [titles().length, ui.seen('#no-chats')];
      ui.type('#search-chats', '');
      await ui.click('#chat-list button', 'Rename the chat Dogs?');
      ui.type('#chat-list input', 'About dogs');
      await ui.click('#chat-list form button');
      const renamed = titles();
      const exported = new Promise((resolve) => {
        const { createObjectURL } = URL;
        URL.createObjectURL = (blob) => {
          resolve(blob.text());
          return createObjectURL(blob);
        };
      });
      let download;
      HTMLAnchorElement.prototype.click = function click() {
        download = this.download;
      };
      await ui.click('#chat-list button', 'Export the chat About dogs');
      return { all, found, none, renamed, markdown: await exported, download };
    });
    assert.deepEqual(seen, {
      all: ['Cats?', 'Dogs?'],
      found: ['Cats?'],
      none: [0, true],
      renamed: ['Cats?', 'About dogs'],
      markdown: '# About dogs\n\n## You\n\nDogs?\n\n## Answer\n\nThey <b>bark</b>.\n',
      download: 'About dogs.md',
    });
    await my.open();
    assert.match(await my.tab(() => ui.click('#open-chats').then(() => ui.text('#chat-list'))), /About dogs/);
  },

  async 'the theme can be chosen, and stays'(env) {
    const my = await visit(env);
    const ground = () => getComputedStyle(document.body).backgroundColor;
    const seen = await my.tab(async () => {
      const color = () => getComputedStyle(document.body).backgroundColor;
      await ui.click('#open-settings');
      return ['light', 'dark'].map((theme) => {
        ui.type('#set-theme', theme);
        return [color(), document.querySelector('meta[name="theme-color"]').content];
      });
    });
    assert.deepEqual(seen, [
      ['rgb(246, 243, 237)', '#f6f3ed'],
      ['rgb(25, 23, 20)', '#191714'],
    ]);
    await my.open();
    assert.equal(await my.tab(ground), 'rgb(25, 23, 20)');
  },

  async 'a long chat has a button that jumps to its end'(env) {
    const my = await visit(env);
    await my.tab(() => {
      const messages = Array.from({ length: 40 }, (_, at) => ({
        role: at % 2 ? 'assistant' : 'user',
        content: `Message ${at}`,
      }));
      localStorage.setItem('quern.chat', '"long"');
      localStorage.setItem('quern.chat.long', JSON.stringify({ id: 'long', messages }));
      localStorage.setItem('quern.model', 'null');
    });
    await my.open();
    const seen = await my.tab(async () => {
      const scroll = ui.find('#scroll');
      const left = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
      scroll.scrollTop = 0;
      await ui.until(() => ui.seen('#jump'), 'the button appears');
      await ui.click('#jump');
      await ui.until(() => !ui.seen('#jump'), 'the button disappears');
      return left();
    });
    assert.ok(seen < 2, `${seen} pixels from the end`);
  },

  async 'an answer that was cut can be continued'(env) {
    const my = await visit(env, { settings: { ...PLAIN, max_tokens: 4 }, query: loading(env) });
    const { first, longer, whole, figures, left } = await my.tab(async (question) => {
      const answer = () => ui.text('.message.assistant .body');
      await ui.ready();
      await ui.ask(question);
      const first = answer();
      await ui.click('.message.assistant button', 'Continue the answer');
      await ui.idle();
      const longer = answer();
      const figures = ui.text('.message.assistant .figures');
      await ui.click('#new-chat');
      await ui.click('#open-settings');
      ui.type('#set-max_tokens', '40');
      await ui.ask(question);
      return { first, longer, whole: answer(), figures, left: ui.find('.message.assistant button', 'Continue') };
    }, QUESTION);
    assert.ok(longer.length > first.length && longer.startsWith(first.trimEnd()), `${first} → ${longer}`);
    assert.ok(whole.startsWith(longer.trimEnd()), `${longer} → ${whole}`);
    assert.match(figures, /^[5-8] tokens /);
    assert.equal(left, undefined, 'a complete answer is not continued');
  },

  async 'an answer that repeats itself is stopped, and the repetition removed'(env) {
    const settings = { ...PLAIN, system: 'You are a helpful assistant.', max_tokens: 1000 };
    const my = await visit(env, { settings, query: loading(env) });
    const { text, figures } = await my.tab(async () => {
      await ui.ready();
      await ui.ask('List ten animals.');
      return { text: ui.text('.message.assistant .body'), figures: ui.text('.message.assistant .figures') };
    });
    assert.match(figures, /stopped because it repeated itself$/);
    assert.equal(loopOf(text), '');
  },

  async 'a model has settings of its own, until the visitor chooses others'(env) {
    const my = await visit(env, { settings: {}, query: loading(env) });
    const read = () =>
      ['system', 'temperature', 'frequency_penalty', 'top_k'].map((key) => ui.find(`#set-${key}`).value);
    const listed = await my.tab(async () => {
      await ui.ready();
      await ui.click('#open-models');
      return ui.text('#facts');
    });
    assert.match(listed, /SamplingFrom the list of models/);
    const own = ['You are a helpful assistant.', '0.02', '0.5', '0'];
    assert.deepEqual(await my.tab(read), own);
    await my.tab(() => ui.click('#open-settings').then(() => ui.type('#set-temperature', '0.7')));
    await my.open();
    await my.tab(() => ui.ready());
    assert.deepEqual(await my.tab(read), [own[0], '0.7', ...own.slice(2)]);
    await my.tab(() => ui.click('#open-settings').then(() => ui.click('#settings button', 'Reset to defaults')));
    assert.deepEqual(await my.tab(read), own);

    const add = { 'general.sampling.temp': { f32: 0.25 }, 'general.sampling.top_k': { i32: 7 } };
    const edited = Buffer.from(editorOf(dirname(env.file))(basename(env.file), { add }));
    const other = await visit(env, { settings: {} });
    await other.tab((url) => ui.load(url), env.server.add(edited, { name: 'SmolLM2-135M-Instruct-Q8_0.gguf' }).url);
    assert.deepEqual(await other.tab(read), [own[0], '0.25', '0.5', '7']);
  },
};

await runChecks(checks);
