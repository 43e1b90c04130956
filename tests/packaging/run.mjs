/* Uses the packed package with each bundler and in Node: node run.mjs <quern.tgz> [case...]. The files and commands are
 * those of docs/bundlers.md. A tiny model must stream the same text everywhere, by two threads. The last line has the
 * counts. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { start } from '../web/chromium.mjs';
import { serve } from '../web/server.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const MODEL = fileURLToPath(new URL('../vectors/tiny-llama-f32.gguf', import.meta.url));
const THREADED = readFileSync(new URL('../../web/wasm/quern-relaxed-mt.wasm', import.meta.url));
const [given, ...wanted] = process.argv.slice(2);
const tarball = resolve(given);
const PIECES = 16; // max_tokens of the recipes
const PATIENCE = 60_000; // ms until a page has answered
const environment = {
  ...process.env,
  PATH: [join(HERE, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  NEXT_TELEMETRY_DISABLED: '1',
};

/* The sections of docs/bundlers.md: {files: {name: text}, commands: [line]}. A section takes files that it does not
 * have from the sections before it. */
function recipes() {
  const text = readFileSync(new URL('../../docs/bundlers.md', import.meta.url), 'utf8');
  const found = {};
  let files = {};
  for (const section of text.split(/^## /m)) {
    const blocks = [...section.matchAll(/(?:^`([\w./]+)`\n\n)?```(\w+)\n(.*?)^```/gms)];
    files = {
      ...files,
      ...Object.fromEntries(blocks.filter(([, name]) => name).map(([, name, , body]) => [name, body])),
    };
    const commands = blocks
      .filter(([, , language]) => language === 'sh')
      .flatMap(([, , , body]) => body.trim().split('\n'));
    found[section.split('\n')[0].toLowerCase()] = { files, commands: commands.filter((line) => !/^npm /.test(line)) };
  }
  return found;
}

const RECIPES = recipes();

/* A folder with the package installed and these files. */
function project(name, files) {
  const folder = join(HERE, 'projects', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private": true}');
  const options = ['--offline', '--no-audit', '--no-fund', '--silent', '--no-package-lock'];
  execFileSync('npm', ['install', ...options, tarball], { cwd: folder, stdio: 'inherit' });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/* Runs commands of a recipe, with the programs of this folder's node_modules instead of npx. */
async function run(folder, commands) {
  for (const command of commands) {
    try {
      await promisify(execFile)('sh', ['-c', command.replace(/^npx /, '')], { cwd: folder, env: environment });
    } catch ({ message, stdout, stderr }) {
      throw new Error([message, stdout, stderr].join('\n'));
    }
  }
}

/* The program of the recipes, for Node. */
const program = (load) => `
  ${load}
  async function main() {
    const { loadModel } = await quern;
    const model = await loadModel(${JSON.stringify(MODEL)}, { threads: 2 });
    const request = { prompt: 'Once upon a time', max_tokens: ${PIECES}, temperature: 0, stream: true };
    const pieces = [];
    for await (const chunk of await model.completions.create(request)) pieces.push(chunk.choices[0].text);
    console.log(JSON.stringify({ build: model.info.build, pieces }));
    await model.free();
  }
  main();`;

async function inNode(name, file, load) {
  const folder = project(name, { [file]: program(load) });
  const { stdout, stderr } = await promisify(execFile)('node', [file], { cwd: folder });
  assert.equal(stderr, '');
  const { build, pieces } = JSON.parse(stdout);
  assert.match(build, /-mt$/);
  assert.ok(pieces.filter(Boolean).length >= PIECES - 1, `${pieces.length} pieces`);
  return pieces.join('');
}

/* Counts the pieces of the answer that the engine's worker sends. */
function watch() {
  window.pieces = 0;
  const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, 'onmessage');
  Object.defineProperty(Worker.prototype, 'onmessage', {
    set(receive) {
      set.call(this, (event) => {
        if (event.data.chunk?.choices) window.pieces++;
        receive(event);
      });
    },
  });
}

/* Opens the page at `url` and waits until it has streamed `expected` by threads. script: runs before the page's. */
async function inPage(browser, url, expected, script = () => {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const seen = [];
  page.on('pageerror', (error) => seen.push(error.message));
  page.on('console', (message) => seen.push(message.text()));
  const modules = [];
  context.on('response', (response) => /\.wasm/.test(response.url()) && modules.push(response.body()));
  await page.addInitScript(watch);
  await page.addInitScript(script);
  try {
    await page.goto(url);
    const complete = (text) => document.getElementById('answer')?.textContent === text;
    await page.waitForFunction(complete, expected, { timeout: PATIENCE });
    const pieces = await page.evaluate(() => window.pieces);
    assert.ok(pieces >= PIECES, `${pieces} pieces`);
    assert.ok((await Promise.all(modules)).at(-1)?.equals(THREADED), 'it runs the threaded module');
  } catch (error) {
    throw new Error([error.message, ...seen].join('\n'));
  } finally {
    await context.close();
  }
}

/* Serves a built page with the model beside it. */
async function inSite(browser, folder, expected, script) {
  copyFileSync(MODEL, join(folder, 'model.gguf'));
  const site = await serve({ root: folder });
  try {
    await inPage(browser, `${site.url}/index.html`, expected, script);
  } finally {
    site.close();
  }
}

async function built({ name, browser, expected }) {
  const { files, commands } = RECIPES[name];
  const folder = project(name, files);
  await run(folder, commands);
  await inSite(browser, join(folder, 'dist'), expected);
}

/* What a page says that a bundler made without the recipe's option `worker` and the copy of the package. */
async function builtWithoutWorker({ name, browser }, recipe, options = '') {
  const { files, commands } = RECIPES[recipe];
  const folder = project(name, { ...files, 'main.js': RECIPES.vite.files['main.js'] });
  await run(folder, [commands[0] + options]);
  copyFileSync(join(folder, 'index.html'), join(folder, 'dist/index.html'));
  const site = await serve({ root: join(folder, 'dist') });
  const page = await browser.newPage();
  const error = page.waitForEvent('pageerror', { timeout: PATIENCE });
  await page.goto(`${site.url}/index.html`);
  const { message } = await error;
  await page.close();
  site.close();
  assert.equal(
    message.replace(/(cannot be loaded) .*/, '$1'),
    `${site.url}/worker.js: the engine's worker cannot be loaded`,
  );
  assert.match(message, /\(404 Not Found\)\. .*the option worker/);
}

async function freePort() {
  const server = createServer().listen(0);
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/* Builds the Next project, asks its page and its route handler. */
async function next({ name, browser, expected }, options) {
  const { files, commands } = RECIPES.next;
  const layout = 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;';
  const folder = project(name, { ...files, 'app/layout.js': layout });
  mkdirSync(join(folder, 'public'));
  copyFileSync(MODEL, join(folder, 'public/model.gguf'));
  const [build, serveIt] = commands;
  await run(folder, [`${build} ${options}`]);
  const port = await freePort();
  const arguments_ = [...serveIt.split(' ').slice(2), '--port', String(port)];
  const server = spawn(join(HERE, 'node_modules/.bin/next'), arguments_, { cwd: folder, env: environment });
  try {
    await new Promise((resolve) => server.stdout.on('data', (text) => /Ready/.test(text) && resolve()));
    const answer = await fetch(`http://localhost:${port}/api`);
    const chunks = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    assert.equal(Buffer.concat(chunks).toString(), expected);
    await inPage(browser, `http://localhost:${port}/`, expected);
  } finally {
    server.kill();
  }
}

/* A page without a bundler. */
function plainPage(name) {
  const { files } = RECIPES.vite;
  const map = '<script type="importmap">{"imports": {"quern": "./quern/index.js"}}</script>\n';
  const folder = project(name, { 'main.js': files['main.js'] });
  writeFileSync(join(folder, 'index.html'), files['index.html'].replace('<script', `${map}<script`));
  renameSync(join(folder, 'node_modules/quern'), join(folder, 'quern'));
  return folder;
}

const cases = {
  nodeModule: ({ name }) => inNode(name, 'main.mjs', "import * as quern from 'quern';"),
  nodeRequire: ({ name }) => inNode(name, 'main.cjs', "const quern = require('quern');"),
  nodeImport: ({ name }) => inNode(name, 'main.cjs', "const quern = import('quern');"),
  plain: ({ name, browser, expected }) => inSite(browser, plainPage(name), expected),
  electron: ({ name, browser, expected }) =>
    inSite(browser, plainPage(name), expected, () => {
      const versions = { node: '22.20.0', chrome: '140.0.0.0', electron: '38.0.0' };
      globalThis.process = { type: 'renderer', versions, platform: 'linux', argv: [], env: {} };
    }),
  vite: built,
  webpack: built,
  parcel: built,
  esbuild: built,
  rollup: built,
  esbuildWithoutWorker: (given) => builtWithoutWorker(given, 'esbuild'),
  rollupWithoutWorker: (given) => builtWithoutWorker(given, 'rollup'),
  nextTurbopack: (given) => next(given, ''),
  nextWebpack: (given) => next(given, '--webpack'),
};

rmSync(join(HERE, '.parcel-cache'), { recursive: true, force: true });
const expected = await cases.nodeModule({ name: 'expected' });
const browser = await start();
const failed = [];
let passed = 0;
for (const [name, check] of Object.entries(cases)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const began = performance.now();
  try {
    const text = await check({ name, browser, expected });
    if (typeof text === 'string') assert.equal(text, expected);
    passed++;
    console.log(`${name}: passed, ${((performance.now() - began) / 1000).toFixed(0)} s`);
  } catch (error) {
    failed.push(name);
    console.log(`${name}: FAILED\n${error.stack}`);
  }
}
await browser.close();
console.log(`${passed} passed, ${failed.length} failed`);
process.exit(failed.length > 0 || passed === 0 ? 1 : 0);
