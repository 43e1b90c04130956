/* Drives the demo in Chromium: node demo.test.mjs <model.gguf> [scenario...]. Prints a line of JSON per scenario:
 * its name and its error, or null. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { start } from './chromium.mjs';
import { serve } from './server.js';

const [file, ...wanted] = process.argv.slice(2);
const SLOW = 60_000;
const AXE = new URL('../../build/vendor/axe.js', import.meta.url);
const DEMO = '/web/demo/index.html';
const ENCODER = fileURLToPath(new URL('../vectors/embeddings/bert-f32.gguf', import.meta.url));
const QUESTION = 'What is the capital of France?';

/* Opens the demo in a profile of its own. Returns the page and shorthands for what a user does there. */
async function visit(
  { browser, server, model, demo = DEMO },
  { query = `?model=${encodeURIComponent(model.url)}`, onContext, ...options } = {},
) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  onContext?.(context);
  const page = await context.newPage();
  page.setDefaultTimeout(SLOW);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${server.url}${demo}${query}`);
  const wait = {
    started: () => page.waitForSelector('body[data-started]', { state: 'attached' }),
    ready: () => page.waitForSelector('body[data-model="ready"]', { state: 'attached' }),
    idle: () => page.waitForSelector('#send:not([hidden])', { state: 'attached' }),
  };
  await wait.started();
  const last = () => page.locator('.message.assistant').last();
  return {
    page,
    context,
    errors,
    wait,
    last,
    text: () => last().locator('.body').innerText(),
    figures: () => last().locator('.figures').innerText(),
    count: () => page.locator('.message').count(),
    open: (name) => page.click(`#open-${name}`),
    async set(name, value) {
      if (await page.locator('#settings').isHidden()) await page.click('#open-settings');
      const input = page.locator(`#settings [name="${name}"]`);
      await input.fill(String(value));
      await input.dispatchEvent('input');
    },
    async ask(question = QUESTION) {
      await page.fill('#prompt', question);
      await page.press('#prompt', 'Enter');
      await wait.idle(); // the answer has begun: the key press started it
    },
  };
}

/* Returns check(state), which adds to `found` what breaks the rules of axe-core, and what is too wide. */
async function auditor({ page }, scheme, found) {
  await page.addScriptTag({ content: readFileSync(AXE, 'utf8') });
  return async (state) => {
    await page.waitForFunction(() => !document.getAnimations().some((each) => each instanceof CSSTransition)); // colors in transition fail the contrast rule
    const broken = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
    for (const { id, nodes } of broken.violations) {
      const places = nodes.map((node) => node.html).slice(0, 3);
      found.push(`${scheme} ${state}: ${id} ${places.join(' ')}`);
    }
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (beyond > 0) found.push(`${scheme} ${state}: ${beyond} pixels too wide`);
  };
}

const SCHEMES = [
  { colorScheme: 'light' },
  { colorScheme: 'dark', viewport: { width: 360, height: 640 }, reducedMotion: 'reduce' },
];

const scenarios = {
  async answers(env) {
    const my = await visit(env);
    await my.wait.ready();
    await my.set('temperature', 0);
    await my.page.evaluate(() => {
      window.lengths = new Set();
      const look = () => window.lengths.add(document.querySelector('.message.assistant .body')?.textContent.length);
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    });
    await my.ask();
    assert.ok((await my.page.evaluate(() => window.lengths.size)) > 2, 'the answer grows as it streams');
    assert.match(await my.text(), /Paris/);
    assert.match(await my.figures(), /^\d+ tokens · [\d.]+ tokens\/s · first token after [\d.]+ s$/);
    assert.match(await my.page.textContent('#status'), /thread.*SIMD.*MB of memory/);
    await my.open('models');
    const facts = await my.page.locator('#facts').innerText();
    for (const fact of ['Build', 'Reason', 'Threads', 'Memory', 'Context']) assert.ok(facts.includes(fact), fact);
    assert.match(await my.page.textContent('#announce'), /Answer: .*Paris/);
    assert.deepEqual(my.errors, []);
  },

  async stops(env) {
    const my = await visit(env);
    await my.wait.ready();
    await my.set('temperature', 0);
    await my.page.fill('#prompt', 'Write a long story about a harbour.'); // this answer does not end by itself
    await my.page.press('#prompt', 'Enter');
    await my.page.waitForFunction(() => document.querySelector('.message.assistant .body')?.innerText.length > 10);
    await my.page.click('#stop');
    await my.wait.idle();
    const text = await my.text();
    assert.ok(text.length > 10);
    assert.match(await my.figures(), /stopped/);
    await my.page.waitForTimeout(500);
    assert.equal(await my.text(), text);
  },

  async againAndEdit(env) {
    const my = await visit(env);
    await my.wait.ready();
    await my.set('max_tokens', 12);
    await my.set('temperature', 1.5);
    await my.ask('Tell me a story.');
    const first = await my.text();
    await my.last().getByRole('button', { name: 'Regenerate the answer' }).click();
    await my.wait.idle();
    assert.equal(await my.count(), 2);
    assert.notEqual(await my.text(), first, 'another seed gives another answer');
    const second = await my.text();
    await my.page.evaluate(() => {
      // stop before the first token
      document.querySelector('[aria-label="Regenerate the answer"]').click();
      document.getElementById('stop').click();
    });
    await my.wait.idle();
    assert.equal(await my.text(), second, 'the old answer stays if the new one is empty');
    await my.ask('And then?');
    assert.equal(await my.count(), 4);
    await my.page.getByRole('button', { name: 'Edit this message' }).first().click();
    await my.page.getByLabel('Edit your message').fill('Tell me a joke.');
    await my.page.keyboard.press('Enter');
    await my.wait.idle();
    assert.equal(await my.count(), 2, 'the messages after the edited one are removed');
    assert.equal(await my.page.locator('.message.user .body').innerText(), 'Tell me a joke.');
    await my.page.getByRole('button', { name: 'Edit this message' }).click();
    await my.page.keyboard.press('Escape');
    assert.equal(await my.page.locator('.message.user .body').innerText(), 'Tell me a joke.');
  },

  async keepsTheChat(env) {
    const my = await visit(env);
    await my.wait.ready();
    await my.set('max_tokens', 12);
    await my.ask();
    const said = await my.text();
    await my.page.goto(`${env.server.url}${DEMO}`);
    await my.wait.started();
    assert.equal(await my.count(), 2);
    assert.equal(await my.text(), said);
    await my.wait.ready(); // the model of the last visit loads by itself
    await my.open('settings');
    assert.equal(await my.page.inputValue('#settings [name="max_tokens"]'), '12');
    await my.page.click('#new-chat');
    assert.equal(await my.count(), 0);
    await my.open('chats');
    await my.page.locator('#chat-list .open').filter({ hasText: QUESTION }).click();
    assert.equal(await my.text(), said);
    await my.open('chats');
    await my.page.getByRole('button', { name: `Delete the chat ${QUESTION}` }).click();
    await my.page.reload();
    await my.wait.started();
    assert.equal(await my.count(), 0);
  },

  async settingsApply(env) {
    const my = await visit(env);
    await my.wait.ready();
    await my.set('temperature', 1);
    await my.set('seed', 7);
    await my.set('max_tokens', 9);
    await my.set('system', 'You are a pirate.');
    await my.ask('Where are you?');
    const first = await my.text();
    assert.match(await my.figures(), /^9 tokens .* maximum length reached$/);
    await my.page.click('#new-chat');
    await my.ask('Where are you?');
    assert.equal(await my.text(), first, 'the same seed gives the same answer');
    await my.open('tokens');
    await my.page.waitForSelector('#prompt-tokens .token');
    assert.match(await my.page.locator('#prompt-tokens').innerText(), /You are a pirate\./);
    await my.set('contextSize', 512);
    await my.page.getByRole('button', { name: 'Reload model' }).click();
    await my.wait.ready();
    await my.open('models');
    assert.match(await my.page.locator('#facts').innerText(), /512 tokens/);
  },

  async showsTokens(env) {
    const my = await visit(env, { hasTouch: true, isMobile: true });
    await my.wait.ready();
    await my.set('max_tokens', 8);
    await my.set('temperature', 0);
    await my.ask('Hello world');
    await my.last().getByRole('button', { name: 'Tokens of this answer' }).click();
    await my.page.waitForSelector('#prompt-tokens .token');
    const ids = await my.page
      .locator('#prompt-tokens .token')
      .evaluateAll((chips) => chips.map((chip) => Number(chip.dataset.id)));
    // llama.cpp's tokens for "<|im_start|>system…" and for "user\nHello world<|im_end|>\n<|im_start|>assistant\n"
    assert.deepEqual(ids.slice(0, 3), [1, 9690, 198]);
    assert.deepEqual(ids.slice(-11), [1, 4093, 198, 19556, 905, 2, 198, 1, 520, 9531, 198]);
    await my.page.check('#show-ids');
    assert.match(await my.page.locator('#prompt-tokens').innerText(), /19556/);
    assert.equal(await my.page.locator('#answer-tokens .token').count(), 8);
    await my.page.locator('#answer-tokens .token').nth(1).hover();
    const shares = await my.page.locator('#token-card .chance span').allInnerTexts();
    assert.ok(shares.length >= 5, 'the card lists the alternatives');
    const sum = shares.reduce((all, share) => all + parseFloat(share), 0);
    assert.ok(sum > 1 && sum < 103, `their probabilities add up to at most 100%: ${sum}`);
    await my.page.locator('#answer-tokens .token').first().focus();
    await my.page.keyboard.press('ArrowRight');
    assert.equal(
      await my.page.evaluate(() =>
        [...document.querySelectorAll('#answer-tokens .token')].indexOf(document.activeElement),
      ),
      1,
    );
    await my.page.keyboard.press('Escape');
    await my.open('tokens');
    await my.page.locator('#answer-tokens .token').nth(3).tap();
    await my.page.waitForTimeout(300);
    assert.ok(await my.page.locator('#token-card').isVisible(), 'the card stays after a tap');
  },

  async worksOffline(env) {
    const my = await visit(env);
    await my.wait.ready();
    await my.set('max_tokens', 8);
    await my.ask();
    const client = await my.context.newCDPSession(my.page);
    const { installabilityErrors } = await client.send('Page.getInstallabilityErrors');
    assert.deepEqual(
      installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'),
      [],
      'the page can be installed',
    );
    await my.page.waitForSelector('body[data-offline="ready"]', { state: 'attached' });
    await my.context.setOffline(true);
    await my.page.goto(`${env.server.url}${DEMO}`);
    await my.wait.ready();
    assert.equal(await my.count(), 2);
    await my.ask('Thank you.');
    assert.ok((await my.text()).length > 0);
    assert.deepEqual(my.errors, []);
  },

  async isolatesItself(env) {
    env.server.isolated = false;
    const my = await visit(env);
    await my.wait.ready();
    assert.ok(
      await my.page.evaluate(() => crossOriginIsolated),
      'the service worker adds the headers that threads need',
    );
    await my.open('models');
    assert.match(await my.page.locator('#facts').innerText(), /-mt/);
  },

  async takesFiles(env) {
    const my = await visit(env, { query: '' });
    await my.page.setInputFiles('#file', file);
    await my.wait.ready();
    await my.set('max_tokens', 8);
    await my.ask();
    assert.ok((await my.text()).length > 0);
    await my.page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['not a model at all, but long enough for a header'], 'notes.gguf'));
      for (const type of ['dragenter', 'dragover', 'drop'])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    });
    await my.page.waitForSelector('#problem:not([hidden])');
    assert.match(
      await my.page.textContent('#problem'),
      /^“notes” could not be loaded\. This is not a GGUF file: .* Check that this is the right file and that it is complete\.$/s,
    );
  },

  async explainsProblems(env) {
    const my = await visit(env, { query: '' });
    const page = env.server.add(Buffer.from('<!doctype html><title>Sign in</title>'.repeat(99)), {
      name: 'login.gguf',
    });
    const closed = env.server.add(Buffer.from(''), { name: 'closed.gguf', failures: Array(9).fill(403) });
    const encoder = env.server.add(ENCODER);
    const other = (url) => url.replace('localhost', '127.0.0.1'); // another origin, without CORS headers
    const problems = {
      [`${env.server.url}/missing.gguf`]:
        /^“missing” could not be loaded\. There is no file at .*\/missing\.gguf\. Check the URL/,
      [page.url]:
        /^“login” could not be loaded\. This is not a GGUF file: it is a web page.*\. Check that this is the right file/,
      [closed.url]: /^“closed” could not be loaded\. .* refused the download \(403\); you may have to sign in/,
      [other(env.model.url)]:
        /could not be loaded\. 127\.0\.0\.1:\d+ cannot be reached, or does not allow other sites to read its files \(CORS\)/,
      [encoder.url]: /could not be loaded\. This model is an encoder/,
      'my model': /^“my model” is not a URL/,
    };
    for (const [address, said] of Object.entries(problems)) {
      await my.page.evaluate(() => {
        document.getElementById('problem').textContent = '';
      });
      await my.page.fill('#url', address);
      await my.page.press('#url', 'Enter');
      await my.page.waitForFunction(() => document.getElementById('problem').textContent !== '');
      assert.match(await my.page.textContent('#problem'), said);
      assert.ok(await my.page.locator('#problem').isVisible());
      await my.page.locator('#start').waitFor();
    }
    await my.open('models');
    assert.equal(
      await my.page.getByRole('button', { name: 'Delete login' }).count(),
      0,
      'a file that is not a model is not stored',
    );
  },

  /* Errors that a test cannot cause. */
  async explainsOtherErrors(env) {
    const my = await visit(env, { query: '' });
    const said = await my.page.evaluate(async () => {
      const { answerProblem, loadingProblem } = await import('./problems.js');
      const error = (name, message, more) => Object.assign(new Error(message), { name, ...more });
      return [
        loadingProblem(
          error('QuernError', 'the host refused 5 bytes', { code: -4 }),
          'a',
          'https://example.org/a.gguf',
        ),
        loadingProblem(
          error('RangeError', 'WebAssembly.Memory(): could not allocate memory'),
          'a',
          'https://example.org/a.gguf',
        ),
        loadingProblem(
          error('QuernError', 'the architecture "x" is not known', { code: -3 }),
          'a',
          'https://example.org/a.gguf',
        ),
        answerProblem(
          error('RequestError', 'the prompt has 9 tokens, the context holds 8', { code: 'context_length_exceeded' }),
        ),
      ];
    });
    assert.match(said[0], /did not provide enough memory \(the host refused 5 bytes\)\. Close other tabs/);
    assert.match(said[1], /enough memory/);
    assert.match(said[2], /does not support this model yet: the architecture/);
    assert.match(said[3], /no longer fits in the context.*Start a new chat/);
  },

  async showsAndCancelsDownloads(env) {
    env.model.rate = 5e6;
    const my = await visit(env);
    await my.page.fill('#prompt', QUESTION); // asked while the model loads
    await my.page.press('#prompt', 'Enter');
    await my.page.waitForFunction(() =>
      /of 98\sMB · .*B\/s · \d+\ss\sleft/.test(document.getElementById('loading-text').textContent),
    );
    assert.equal(await my.page.innerText('#loading-stage'), 'Downloading');
    await my.page.waitForFunction(() =>
      /Waiting for the model to load/.test(document.querySelector('.message .waiting')?.innerText),
    );
    await my.page.click('#loading-cancel');
    await my.page.waitForSelector('body[data-model="none"]', { state: 'attached' });
    await my.wait.idle();
    assert.equal(await my.page.textContent('#problem'), 'Loading was canceled. Choose a model to get an answer.');
    await my.set('temperature', 0);
    await my.open('models');
    await my.page.fill('#url', env.model.url);
    await my.page.press('#url', 'Enter');
    await my.page.getByRole('button', { name: 'Answer this message' }).click(); // asked again during the second download
    env.model.rate = Infinity;
    await my.wait.ready();
    await my.wait.idle();
    assert.match(await my.text(), /Paris/);
    assert.deepEqual(my.errors, []);
  },

  async blocksUntrustedMarkup(env) {
    const context = await env.browser.newContext();
    const page = await context.newPage();
    await page.goto(`${env.server.url}/web/demo/icon.svg`);
    await page.evaluate(() => {
      const content =
        '# Hi\n<img src="https://example.com/x.png" onerror="window.bad = 1"><script>window.bad = 1</scr' +
        'ipt>' +
        '[a](javascript:window.bad=1) ![b](https://example.com/y.png) <form action="https://example.com"><button>x</button></form> **bold**\n\n```js\nlet a;\n```\n\n' +
        '| a | b |\n|---|--:|\n| 1 &amp; `x<y &lt;` | 2 |\n\n- [x] done\n- [c](https://example.com/c "t") [d](data:text/html,x) [e](//example.com)\n\n> quoted';
      localStorage.setItem('quern.chat', '"one"');
      localStorage.setItem(
        'quern.chat.one',
        JSON.stringify({
          id: 'one',
          messages: [
            { role: 'user', content: '<b>me</b>' },
            { role: 'assistant', content },
          ],
        }),
      );
    });
    const foreign = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(env.server.url)) foreign.push(request.url());
    });
    await page.goto(`${env.server.url}${DEMO}`);
    await page.waitForSelector('.message.assistant strong');
    assert.equal(await page.locator('.message :is(img, script, form, [onerror], [href^="javascript"])').count(), 0);
    assert.equal(await page.evaluate(() => window.bad), undefined);
    assert.equal(await page.locator('.message.user .body').innerText(), '<b>me</b>');
    assert.equal(await page.locator('.code').innerText(), 'js\nCopy\nlet a;');
    assert.equal(await page.locator('.message td').first().innerText(), '1 & x<y &lt;');
    assert.ok(await page.locator('.message li input:checked:disabled').isVisible());
    assert.deepEqual(
      await page.locator('.message a').evaluateAll((links) => links.map(({ href, rel }) => [href, rel])),
      [['https://example.com/c', 'noopener noreferrer']],
    );
    assert.match(
      await page.locator('.message.assistant .body').innerText(),
      /<img src="https:\/\/example.com\/x.png" onerror="window.bad = 1"><script>/,
      'HTML is shown as text',
    );
    await page.waitForTimeout(300);
    assert.deepEqual(foreign, [], 'no requests to other servers');
  },

  /* The message box never covers the field for a model's URL, even when a phone's keyboard takes half of the screen. */
  async fitsPhones(env) {
    const my = await visit(env, { query: '', viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
    const inView = () =>
      my.page.evaluate(() => {
        const [field, list] = ['url', 'scroll'].map((id) => document.getElementById(id).getBoundingClientRect());
        return field.top >= list.top && field.bottom <= list.bottom;
      });
    await my.page.waitForSelector('#cards button');
    assert.ok(await inView(), 'the field is in view at first');
    await my.page.focus('#url');
    await my.page.setViewportSize({ width: 360, height: 320 });
    await my.page.waitForFunction(() => innerHeight === 320);
    await my.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    assert.ok(await inView(), 'the field stays in view above a keyboard');
  },

  /* Checks every state against the rules of axe-core, light and dark, wide and as narrow as a small phone. */
  async isAccessible(env) {
    const found = [];
    for (const options of SCHEMES) {
      const my = await visit(env, { query: '', ...options });
      const check = await auditor(my, options.colorScheme, found);
      await check('empty');
      await my.page.fill('#url', env.model.url);
      await my.page.press('#url', 'Enter');
      await my.wait.ready();
      await check('ready');
      await my.set('max_tokens', 16);
      await my.page.click('#settings .close');
      await my.ask();
      await check('chat');
      for (const name of ['models', 'chats', 'tokens', 'settings']) {
        await my.open(name);
        await my.page.waitForTimeout(300);
        await check(name);
        await my.page.keyboard.press('Escape');
        assert.ok(await my.page.locator(`#${name}`).isHidden());
        assert.equal(
          await my.page.evaluate(() => document.activeElement.id),
          `open-${name}`,
          'focus returns to the button',
        );
      }
      await my.context.close();
    }
    assert.deepEqual(found, []);
  },

  /* The site made by tools/make_site.mjs, in a subfolder of a host that sends no headers of its own, compressed by
   * Brotli. */
  async examplesAreAccessible(env) {
    const found = [];
    for (const options of SCHEMES) {
      const my = await visit(env, options);
      await my.wait.ready();
      const check = await auditor(my, options.colorScheme, found);
      const runs = (busy) => my.page.waitForSelector(`.page-of-example[aria-busy="${busy}"]`);
      for (const name of ['invoice', 'calendar', 'intent']) {
        await my.page.evaluate((hash) => {
          location.hash = hash;
        }, name);
        await my.page.waitForSelector(`body[data-example="${name}"]`);
        await check(name);
        await my.page.focus('.run');
        await my.page.keyboard.press('Enter');
        await runs('false');
        await check(`${name} answered`);
      }
      await my.page.fill('#labels', 'one');
      await my.page.keyboard.press('Tab');
      await my.page.keyboard.press('Enter');
      await check('wrong labels');
      await my.page.click('#tab-calendar');
      await my.page.getByText('Use a template with tools').click();
      await my.page.waitForSelector('.call[data-stage="done"]');
      await runs('false');
      await my.page.locator('.call summary').first().focus();
      await my.page.keyboard.press('Enter');
      await check('calls');
      assert.ok(await my.page.locator('.call pre').first().isVisible(), 'the JSON of a call can be opened by keyboard');
    }
    assert.deepEqual(found, []);
  },

  async worksAsPlainFiles(env) {
    const root = mkdtempSync(join(tmpdir(), 'quern-site-'));
    execFileSync('node', [fileURLToPath(new URL('../../tools/make_site.mjs', import.meta.url)), join(root, 'folder')]);
    const server = await serve({ isolated: false, root });
    try {
      const model = server.add(file);
      const urls = new Set();
      const onContext = (context) => context.on('request', (request) => urls.add(request.url().replace(/\?.*/, '')));
      const my = await visit({ browser: env.browser, server, model, demo: '/folder/demo/index.html' }, { onContext });
      await my.wait.ready();
      assert.ok(await my.page.evaluate(() => crossOriginIsolated));
      await my.set('temperature', 0);
      await my.ask();
      assert.match(await my.text(), /Paris/);
      await my.page.waitForSelector('body[data-offline="ready"]', { state: 'attached' });
      for (const path of ['examples/summary.html', 'demo/measure.html', 'demo/vendor/published.json'])
        assert.equal((await fetch(`${server.url}/folder/${path}`)).status, 200, path);
      urls.delete(model.url);
      let bytes = 0;
      let zipped = 0;
      const files = await Promise.all(
        Array.from(urls, async (url) => {
          // all before compressing the first: that blocks the server
          const response = await fetch(url);
          return response.ok ? Buffer.from(await response.arrayBuffer()) : null;
        }),
      );
      for (const file of files.filter((each) => each)) {
        bytes += brotliCompressSync(file).length;
        zipped += gzipSync(file, { level: 9 }).length;
      }
      console.error(
        `${urls.size} files, ${(bytes / 1000).toFixed(1)} kB compressed by Brotli, ${(zipped / 1000).toFixed(1)} by gzip`,
      );
      assert.ok(
        [...urls].some((url) => url.endsWith('.wasm')),
        'the engine is included',
      );
      assert.ok(
        [...urls].some((url) => url.endsWith('marked.js')),
        'so is the Markdown parser',
      );
      assert.ok(bytes <= 272_000, `${bytes} bytes besides the model`);
    } finally {
      server.close();
      rmSync(root, { recursive: true });
    }
  },
};

const browser = await start();
for (const [name, run] of Object.entries(scenarios)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const server = await serve();
  let error = null;
  const started = Date.now();
  try {
    await run({ browser, server, model: server.add(file) });
  } catch (failure) {
    error = String(failure.stack ?? failure);
  }
  for (const context of browser.contexts()) await context.close();
  server.close();
  console.log(JSON.stringify({ name, error, seconds: (Date.now() - started) / 1000 }));
}
await browser.close();
