/* Tests a running ./quern serve in Chromium: node serve-page.test.mjs <port> <model>. Prints a line of JSON per
 * check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { start } from './chromium.mjs';

const [port, model] = process.argv.slice(2);
const browser = await start(['--host-resolver-rules=MAP rebound.example 127.0.0.1']);

async function open(url) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  return { page, response: await page.goto(url) };
}

/* Sends a chat request from the page. Returns {status, text} or {error}. */
const ask = (page, name) =>
  page.evaluate(
    async ([url, body]) => {
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: 'Bearer none' },
          body,
        });
        return { status: answer.status, text: await answer.text() };
      } catch (error) {
        return { error: String(error) };
      }
    },
    [
      `http://${name}:${port}/v1/chat/completions`,
      JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 2 }),
    ],
  );

const checks = {
  async runsTheServedModelInThreads() {
    const { page } = await open(`http://localhost:${port}/`);
    assert.equal(new URL(page.url()).pathname, '/quern/demo/');
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.locator('#cards .title', { hasText: model }).click();
    await page.waitForSelector('body[data-model="ready"]', { state: 'attached' });
    await page.click('#open-settings');
    await page.locator('#settings [name="temperature"]').fill('0');
    await page.locator('#settings [name="temperature"]').dispatchEvent('input');
    await page.fill('#prompt', 'What is the capital of France?');
    await page.press('#prompt', 'Enter');
    await page.locator('.message.assistant .body', { hasText: 'Paris' }).waitFor();
    await page.click('#open-models');
    assert.match(await page.locator('#facts').innerText(), /relaxed-mt/);
    assert.deepEqual(errors, []);
  },
  async answersPagesOfThisMachine() {
    const other = createServer((_, response) =>
      response.setHeader('Content-Type', 'text/html').end('<title>another</title>'),
    );
    await new Promise((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { page } = await open(`http://127.0.0.1:${other.address().port}/`);
      assert.equal((await ask(page, 'localhost')).status, 200);
      await page.goto(`http://rebound.example:${other.address().port}/`);
      assert.match((await ask(page, 'localhost')).error, /Failed to fetch/);
    } finally {
      other.closeAllConnections();
      other.close();
    }
  },
  async refusesReboundNames() {
    const { page, response } = await open(`http://rebound.example:${port}/v1/models`);
    assert.equal(response.status(), 403);
    assert.equal((await ask(page, 'rebound.example')).status, 403);
  },
};

for (const [name, check] of Object.entries(checks)) {
  const error = await check().then(
    () => null,
    (failure) => String(failure.stack ?? failure),
  );
  console.log(JSON.stringify({ name, error }));
}
await browser.close();
