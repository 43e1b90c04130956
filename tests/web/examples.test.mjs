/* Tests the examples in Chromium: node examples.test.mjs <model.gguf> [example...]. Prints a line of JSON per
 * example: its name and its error, or null. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start, startWithExtension } from './chromium.mjs';
import { serve } from './server.js';

const [file, ...wanted] = process.argv.slice(2);
const WEB = fileURLToPath(new URL('../../web/', import.meta.url));

const examples = {
  async redact(page) {
    await page.click('#go');
    await page.waitForSelector('#result mark');
    const text = await page.innerText('#result');
    for (const word of ['Lindqvist', '900123', 'jonas@example.org'])
      assert.ok(!text.includes(word), `${word} in: ${text}`);
    assert.match(text, /Please call me on NUMBER or write to EMAIL about my order/);
  },
  async summary(page) {
    await page.click('#go');
    await page.waitForSelector('#go:enabled'); // the click disables it at once
    assert.match(await page.innerText('#summary'), /quern.*\./is);
  },
  async autocomplete(page) {
    const before = await page.inputValue('#text');
    await page.waitForFunction(() => document.querySelector('.ghost span')?.textContent);
    const proposal = await page.textContent('.ghost span');
    await page.press('#text', 'Tab');
    assert.equal(await page.inputValue('#text'), before + proposal);
    assert.match(proposal, /^ \w+ \w+/);
  },
  async intent(page) {
    const first = () => page.innerText('li:first-child span');
    await page.waitForSelector('li meter'); // for the initial message
    for (const [message, topic] of [
      ['Where is my parcel? It should have come on Monday.', 'delivery'],
      ['I cannot log in, my password is wrong.', 'account'],
    ]) {
      await page.fill('#text', message);
      await page.evaluate(() => document.querySelector('ul').replaceChildren());
      await page.press('#text', 'Enter');
      await page.waitForSelector('li meter');
      assert.equal(await first(), topic, message);
    }
  },
  async rewrite(page) {
    await page.click('#go');
    await page.waitForSelector('#go:enabled'); // the click disables it at once
    assert.match(await page.inputValue('#better'), /Paris/);
  },
};

/* The id of an unpacked extension is derived from its path. */
const idOf = (path) =>
  createHash('sha256')
    .update(path)
    .digest('hex')
    .slice(0, 32)
    .replace(/./g, (digit) => 'abcdefghijklmnop'[parseInt(digit, 16)]);

/* Runs the extension with the package and the test's model. Its tab is given explicitly, because nobody clicks its
 * icon. */
async function extension(server, model) {
  const scratch = mkdtempSync(join(tmpdir(), 'quern-'));
  const folder = join(scratch, 'extension');
  cpSync(join(WEB, 'examples/extension'), folder, { recursive: true });
  cpSync(WEB, join(folder, 'quern'), { recursive: true, filter: (path) => !/\/web\/(demo|examples|bin)$/.test(path) });
  const popup = readFileSync(join(folder, 'popup.js'), 'utf8');
  writeFileSync(
    join(folder, 'popup.js'),
    popup.replace(/const SOURCE = .*/, `const SOURCE = ${JSON.stringify(model.url)};`),
  );
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  writeFileSync(
    join(folder, 'manifest.json'),
    JSON.stringify({ ...manifest, host_permissions: ['http://localhost/*'] }),
  );
  const context = await startWithExtension(join(scratch, 'profile'), folder);
  try {
    const subject = await context.newPage();
    await subject.goto(`${server.url}/web/examples/summary.html`);
    const page = await context.newPage();
    await page.goto(`chrome-extension://${idOf(folder)}/popup.html`);
    await page.evaluate((url) => {
      const query = chrome.tabs.query.bind(chrome.tabs);
      chrome.tabs.query = () => query({ url });
    }, `${server.url}/*`);
    await page.press('#question', 'Enter');
    await page
      .waitForFunction(() => /quern.*\./is.test(document.getElementById('answer').textContent), null, {
        timeout: 60_000,
      })
      .catch(async () => assert.fail(`answered: ${await page.textContent('#answer')}`));
  } finally {
    await context.close();
    rmSync(scratch, { recursive: true });
  }
}

async function run(name, server, model, browser) {
  if (name === 'extension') return extension(server, model);
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${server.url}/web/examples/${name}.html?model=${encodeURIComponent(model.url)}`);
  try {
    await examples[name](page);
  } finally {
    await page.close();
  }
}

const browser = await start();
for (const name of [...Object.keys(examples), 'extension']) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const server = await serve();
  let error = null;
  await run(name, server, server.add(file), browser).catch((failure) => {
    error = String(failure.stack ?? failure);
  });
  server.close();
  console.log(JSON.stringify({ name, error }));
}
await browser.close();
