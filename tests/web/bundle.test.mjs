/* Uses the packed package as its users do: node bundle.test.mjs <quern.tgz> <model.gguf> [check...]. The page and
 * the model's headers are those of web/README.md. Prints a line of JSON for each check: its name and its error, or
 * null. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, createServer } from 'vite';
import { start } from './chromium.mjs';
import { serve } from './server.js';

const [tarball, file, ...wanted] = process.argv.slice(2);
const README = readFileSync(new URL('../../web/README.md', import.meta.url), 'utf8');
const [, EXAMPLE] = /```html\n(.*?)```/s.exec(README);
const [, HOSTING] = /```\n(Access-Control.*?)```/s.exec(README);
const HEADERS = Object.fromEntries(
  HOSTING.trim()
    .split('\n')
    .map((line) => line.split(': ')),
);
const [, CONFIG] = /```ts\n(const headers.*?)```/s.exec(README);

/* A folder with the package installed, and a page that loads the model from `url`. */
function project(url) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'quern-bundle-')));
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', tarball], { cwd: folder });
  const page = EXAMPLE.replace('https://example.org/model.gguf', url);
  assert.notEqual(page, EXAMPLE, 'the example names a model');
  writeFileSync(join(folder, 'index.html'), page);
  return folder;
}

/* Asks on the page at `url`, and checks that the answer came in pieces and was computed by threads. */
async function ask(browser, url) {
  const page = await browser.newPage();
  const errors = [];
  const modules = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('response', (response) => {
    if (/\.wasm/.test(response.url())) modules.push(`${response.url()} ${response.status()}`);
  });
  const fetched = new Set();
  page.context().on('request', (request) => {
    if (!/\.gguf/.test(request.url())) fetched.add(request.url());
  });
  await page.goto(url);
  try {
    await page.waitForSelector('#ask:enabled', { timeout: 60_000 });
  } catch (error) {
    throw new Error(`${error.message}\n${errors.join('\n')}`);
  }
  await page.evaluate(() => {
    window.pieces = 0;
    new MutationObserver(() => {
      window.pieces++;
    }).observe(document.getElementById('answer'), { childList: true });
  });
  await page.click('#ask');
  await page.waitForFunction(() => document.getElementById('answer').textContent.length > 5 && window.pieces > 2);
  assert.ok(await page.evaluate(() => crossOriginIsolated));
  assert.match(modules.join(), /quern-relaxed-mt[^/]*\.wasm\S* 200$/);
  assert.deepEqual(
    errors.filter((text) => !/favicon|404/.test(text)),
    [],
  );
  await page.close();
  return [...fetched];
}

/* What a visitor downloads besides the model, compressed as by most hosts. */
async function compressed(urls) {
  let bytes = 0;
  for (const url of urls) {
    const answer = await fetch(url);
    if (answer.ok) bytes += gzipSync(Buffer.from(await answer.arrayBuffer()), { level: 9 }).length;
  }
  return bytes;
}

const checks = {
  async plainPage({ browser, model }) {
    const folder = project(model.url);
    renameSync(join(folder, 'node_modules/quern'), join(folder, 'quern'));
    const map = '<script type="importmap">{"imports": {"quern": "./quern/index.js"}}</script>\n';
    writeFileSync(
      join(folder, 'index.html'),
      readFileSync(join(folder, 'index.html'), 'utf8').replace('<script', `${map}<script`),
    );
    const site = await serve({ root: folder });
    await ask(browser, `${site.url}/index.html`);
    site.close();
    return folder;
  },

  async viteBuild({ browser, model }) {
    const folder = project(model.url);
    await build({ root: folder, logLevel: 'error' });
    const site = await serve({ root: join(folder, 'dist') });
    const bytes = await compressed(await ask(browser, `${site.url}/index.html`));
    console.error(`${(bytes / 1000).toFixed(1)} kB compressed by gzip`);
    assert.ok(bytes > 50_000 && bytes <= 260_000, `${bytes} bytes beside the model`);
    site.close();
    return folder;
  },

  async viteDev({ browser, model }) {
    const folder = project(model.url);
    writeFileSync(join(folder, 'vite.config.js'), CONFIG);
    const site = await createServer({ root: folder, logLevel: 'error', server: { port: 0, host: '127.0.0.1' } });
    await site.listen();
    await ask(browser, `http://localhost:${site.httpServer.address().port}/`);
    await site.close();
    return folder;
  },
};

const browser = await start();
for (const [name, run] of Object.entries(checks)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const server = await serve();
  const model = server.add(file, { cors: HEADERS });
  let wrong = null;
  try {
    rmSync(await run({ browser, model, server }), { recursive: true });
  } catch (error) {
    wrong = String(error.stack ?? error);
  }
  server.close();
  console.log(JSON.stringify({ name, wrong }));
}
await browser.close();
process.exit();
