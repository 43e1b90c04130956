/* The package in unusual places: node environments.test.mjs chromium|firefox|node [check...]. Prints a line of JSON for
 * each check: its name and its error, or null. node environments.test.mjs list chromium|firefox|node prints the
 * names. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir, networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../../web/index.js';
import { start } from './browsers.mjs';
import { functions } from './environments-page.js';
import { serve } from './server.js';

const [mode, ...wanted] = process.argv.slice(2);
const [browserName] = mode === 'list' ? wanted : [mode];
const VECTORS = new URL('../vectors/', import.meta.url);
const path = (name) => fileURLToPath(new URL(name, VECTORS));
const TINY = '/tests/vectors/tiny-llama-f32.gguf';
const SPLITS = [1, 2, 3, 4].map((i) => `split/tiny-llama-f32-0000${i}-of-00004.gguf`);
const EXPECTED = 'TypeError: the source must be a URL, { repo, file }, a File or Blob, a Response';
const CACHE = process.env.QUERN_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'quern');
const SMOLLM2 = join(CACHE, 'models/SmolLM2-135M-Instruct.Q4_1.gguf');
/* An address of this machine whose pages are not secure, unlike those of localhost. */
const ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
const PATIENCE = 120_000; /* ms, with a check that hangs */

const here = functions({ loadModel });
/* What the model answers anywhere. */
const { text: ANSWER } = mode === 'list' ? {} : await here.use(path('tiny-llama-f32.gguf'));

/* The next two run in the page. */
async function useAll([url, splits]) {
  const said = {};
  for (const [kind, source] of Object.entries(await my.sourcesOf(url, splits)))
    said[kind] = await my.use(source, { cache: false }).then(
      ({ text }) => text,
      (error) => `${error.name}: ${error.message}`,
    );
  return said;
}

async function postViews(url) {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const large = (content) => {
    const memory = new Uint8Array(64 << 20);
    memory.set(content, 1000);
    return memory.subarray(1000, 1000 + content.length);
  };
  const figures = {};
  const count = my.countPosted();
  const measure = async (what, work) => {
    const before = count.bytes;
    const value = await work();
    figures[what] = count.bytes - before;
    return value;
  };
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(large(bytes));
      controller.close();
    },
  });
  await (await measure('stream', () => my.loadModel(stream, { contextSize: 64 }))).free();
  const model = await measure('source', () => my.loadModel(large(bytes), { contextSize: 64 }));
  const session = await model.session();
  await session.prefill([1, 2, 3]);
  const saved = new Uint8Array(await session.save());
  await measure('session.restore', () => session.restore(large(saved)));
  await measure('tokenize', () => model.tokenize(large(new TextEncoder().encode('One, two'))));
  await measure('prefill', () => session.prefill(new Int32Array(large(new Uint8Array(16)).buffer, 1000, 3)));
  await model.free();
  return { size: bytes.length, saved: saved.length, figures };
}

const REJECTED = {
  null: [null, 'not null'],
  undefined: [undefined, 'not undefined'],
  number: [42, 'not a Number'],
  true: [true, 'not a Boolean'],
  'empty text': ['', 'not an empty text'],
  '{}': [{}, 'not an object with the fields {}'],
  '[]': [[], 'not an empty array'],
  '[null]': [[null], 'not an array of null'],
  '{ repo }': [{ repo: 'a/b' }, 'not an object with the fields {repo}'],
  '{ urls: [] }': [{ urls: [] }, 'not an empty array'],
};

const HASH = 'a text of 64 hexadecimal digits, or an array with one for each split';
const COUNT = 'a whole number above 0';
const REFUSED = [
  ['n_ctx', 512, /^TypeError: loadModel has no option n_ctx; its options are contextSize, threads, /],
  ['key', '', 'a text that identifies the model, not ""'],
  ['threads', 1.5, `${COUNT}, not 1.5`],
  ['threads', '2', `${COUNT}, not "2"`],
  ['contextSize', -1, `${COUNT}, not -1`],
  ['build', 'fast', `'plain' or 'relaxed', not "fast"`],
  ['overflow', {}, "'stop' or 'shift', not an object with the fields {}"],
  ['template', 5, 'a text, not 5'],
  ['sha256', 'abc', `${HASH}, not "abc"`],
  ['sha256', [], `${HASH}, not an empty array`],
  ['signal', {}, 'an AbortSignal, not an object with the fields {}'],
  ['onProgress', 'log', 'a function, not "log"'],
  ['wasm', {}, 'a URL, not an object with the fields {}'],
  ['worker', true, 'a URL, not a Boolean'],
  ['headers', { 'a b': 'c' }, /^TypeError: .*invalid/i],
];
const NULLS = Object.fromEntries(REFUSED.slice(1).map(([option]) => [option, null]));

/* use(options) and refusal(options) load the tiny model. */
async function refusesOptions(use, refusal) {
  for (const [option, value, expected] of REFUSED) {
    const said = await refusal({ [option]: value });
    if (expected instanceof RegExp) assert.match(said, expected);
    else assert.equal(said, `TypeError: the option ${option} must be ${expected}`);
  }
  assert.equal((await use(NULLS)).text, ANSWER);
}

const checks = {
  async 'options that have no effect are refused, and null is none'({ open, server }) {
    const tab = await open();
    const url = server.url + TINY;
    await refusesOptions(
      (options) => tab(([from, more]) => my.use(from, more), [url, options]),
      (options) => tab(([from, more]) => my.refusal(from, more), [url, options]),
    );
    const asked = await tab(async (from) => {
      const headers = new Headers({ 'X-Token': 'a' });
      return [await my.use(from, { headers, cache: false }), await my.use(from, { headers: [['x', 'b']] })];
    }, url);
    for (const { text } of asked) assert.equal(text, ANSWER);
  },

  async 'errors are recognized, also those of another frame'({ open, server }) {
    const tab = await open();
    const seen = await tab(async (entry) => {
      const { isQuernError } = await import(entry);
      const { contentWindow } = document.body.appendChild(document.createElement('iframe'));
      const fields = { name: 'QuernError', offset: 1 };
      const values = [new contentWindow.Error('a'), new Error('a')].map((error) => Object.assign(error, fields));
      return [...values, new Error('a'), fields, null, undefined, 'QuernError'].map(isQuernError);
    }, `${server.url}/web/index.js`);
    assert.deepEqual(seen, [true, true, false, false, false, false, false]);
  },

  async 'sources of every kind are taken'({ open, server }) {
    const tab = await open();
    const said = await tab(useAll, [server.url + TINY, SPLITS.map((name) => `${server.url}/tests/vectors/${name}`)]);
    assert.deepEqual(said, Object.fromEntries(Object.keys(said).map((kind) => [kind, ANSWER])));
    assert.equal(Object.keys(said).length, 18);
  },

  async 'what is no source is rejected with an error that says so'({ open, server }) {
    const tab = await open();
    for (const [kind, [source, why]] of Object.entries(REJECTED)) {
      const said = await tab(
        ([given, missing]) => my.refusal(missing ? undefined : given),
        [source ?? null, source === undefined],
      );
      assert.ok(said.startsWith(EXPECTED) && said.endsWith(why), `${kind}: ${said}`);
    }
    const others = await tab(async (url) => {
      const read = await fetch(url);
      await read.arrayBuffer();
      const lent = await fetch(url);
      lent.body.getReader();
      const locked = new Blob(['a']).stream();
      locked.getReader();
      const moved = new ArrayBuffer(8);
      structuredClone(moved, { transfer: [moved] });
      const sources = {
        promise: fetch(url),
        date: new Date(),
        mixed: [new Blob(['a']), url],
        missing: await fetch(`${url}.missing`),
        opaque: await fetch(url, { mode: 'no-cors' }),
        read,
        'response with a reader': lent,
        locked,
        moved,
        texts: new ReadableStream({ start: (controller) => controller.enqueue('GGUF') }),
        failing: new ReadableStream({ start: (controller) => controller.error(new Error('the tape tore')) }),
      };
      const said = {};
      for (const [kind, source] of Object.entries(sources)) said[kind] = await my.refusal(source);
      return said;
    }, server.url + TINY);
    assert.match(others.promise, /^TypeError: the source must be .* not a Promise: await it first$/);
    assert.match(others.date, /^TypeError: the source must be .* not a Date$/);
    assert.match(others.mixed, /^TypeError: the source must be .* not an array of a Blob, a String$/);
    assert.match(others.missing, /^SourceError: http.*\.missing: the server answered 404 Not Found$/);
    assert.match(others.read, /^TypeError: http.*: the response has been read already$/);
    for (const kind of ['locked', 'response with a reader'])
      assert.match(others[kind], /^TypeError: the stream has another reader/);
    assert.match(others.moved, /^TypeError: the source has no bytes: it is empty, or was transferred/);
    assert.match(others.texts, /^SourceError: the stream must yield bytes, not a String$/);
    assert.match(others.failing, /^SourceError: the stream failed: the tape tore$/);
  },

  async 'a view posts its own bytes only'({ open, server }) {
    const tab = await open();
    const { size, saved, figures } = await tab(postViews, server.url + TINY);
    const limit = { stream: size, source: size, 'session.restore': saved, tokenize: 8, prefill: 12 };
    for (const [what, bytes] of Object.entries(limit)) assert.equal(figures[what], bytes, what);
  },

  async 'an aborted load cancels its stream'({ open }) {
    const tab = await open();
    const said = await tab(async () => {
      const abort = new AbortController();
      let cancelled;
      const ended = new Promise((resolve) => {
        cancelled = () => resolve('cancelled');
      });
      const source = new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(100)),
        pull: () => abort.abort(),
        cancel: cancelled,
      });
      return [await my.refusal(source, { signal: abort.signal }), await ended];
    });
    assert.match(said[0], /^AbortError/);
    assert.equal(said[1], 'cancelled');
  },
};

Object.assign(checks, {
  async 'a page that a host sends instead of a file is named as the cause'({ open, server }) {
    server.fallback = Buffer.from('<!doctype html><title>App</title>');
    const tab = await open();
    const refusal = (options, source = server.url + TINY) => tab((given) => my.refusal(...given), [source, options]);
    const page = 'the server answered with something else \\(text/html, 33 bytes\\) instead of the engine.s module';
    const remedy = 'Put the package.s folder wasm beside its scripts, or name another folder with the option wasm';
    assert.match(
      await refusal({ wasm: '/nowhere' }),
      new RegExp(`^SourceError: ${server.url}/nowhere/quern-relaxed\\.wasm: ${page}.*${remedy}$`),
    );
    server.missing = /\.wasm$/;
    assert.match(await refusal({ threads: 1 }), new RegExp(`/web/wasm/quern-relaxed\\.wasm: ${page}.*${remedy}$`));
    assert.match(
      await refusal({ worker: '/nowhere/worker.js' }),
      /^SourceError: http.*\/nowhere\/worker\.js: .*\(200 OK, text\/html\)/,
    );
    server.missing = null;
    const fallback = await tab((url) => my.use(url), server.url + TINY);
    assert.equal(fallback.text, ANSWER);
    server.missing = /thread-worker/;
    const { threads, reason } = await tab((url) => my.use(url, { threads: 2 }), server.url + TINY);
    assert.equal(threads, 1);
    assert.match(reason, /one thread, because more could not be started/);
    assert.match(
      await refusal({}, `${server.url}/missing.gguf`),
      /^QuernError: this is not a GGUF file: it is a web page; check the address/,
    );
  },

  async 'a damaged module is named'({ open, server }) {
    const module = readFileSync(new URL('../../web/wasm/quern-relaxed.wasm', import.meta.url));
    server.folder([['/cut/quern-relaxed.wasm', module.subarray(0, 100_000)]]);
    const tab = await open();
    assert.match(
      await tab((url) => my.refusal(url, { wasm: '/cut', threads: 1 }), server.url + TINY),
      /^SourceError: http.*\/cut\/quern-relaxed\.wasm: the engine's module is damaged \(.+\)\. Upload it again/,
    );
  },

  async 'a policy that forbids WebAssembly is named'({ open, server }) {
    server.headers = { 'Content-Security-Policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" };
    const tab = await open();
    assert.equal((await tab((url) => my.use(url), server.url + TINY)).text, ANSWER);
    server.headers = { 'Content-Security-Policy': "default-src 'self'" };
    const strict = await open();
    for (const threads of [1, 2])
      assert.match(
        await strict(([url, count]) => my.refusal(url, { threads: count }), [server.url + TINY, threads]),
        /^SourceError: .*quern-relaxed\.wasm: a Content-Security-Policy forbids WebAssembly .*Add 'wasm-unsafe-eval'/,
      );
  },

  async 'a page that requires trusted types works, or is told what to allow'({ open, server }) {
    const required = "require-trusted-types-for 'script'";
    const load = async (types) => {
      server.headers = { 'Content-Security-Policy': `${required}; ${types}` };
      return (await open())(
        (url) => my.use(url, { threads: 2 }).catch(({ message }) => ({ message })),
        server.url + TINY,
      );
    };
    for (const types of ['', 'trusted-types quern']) {
      const { text, threads, message } = await load(types);
      assert.deepEqual([text, threads, message], [ANSWER, 2, undefined], types);
    }
    for (const types of ['trusted-types another', "trusted-types 'none'"])
      assert.match(
        (await load(types)).message,
        /worker\.js: the engine's worker cannot be loaded \(the page's Content-Security-Policy requires trusted types and refuses this package's policy: .*\)\. Add quern to the policy's directive trusted-types$/,
      );
    server.isolated = false;
    server.headers = { 'Content-Security-Policy': `${required}; trusted-types quern quern-isolate` };
    server.folder([['/web/page.html', Buffer.from('<!doctype html><script src="isolate.js"></script>')]]);
    const tab = await open('/web/page.html', { ready: () => globalThis.crossOriginIsolated });
    assert.equal((await tab((url) => my.use(url, { threads: 2 }), server.url + TINY)).threads, 2);
  },

  async 'a worker that is another script is named'({ open, server }) {
    server.folder([['/silent.js', Buffer.from("postMessage(null); postMessage('hello'); onmessage = () => {};")]]);
    /* A page in which time passes faster. */
    const tab = await open(undefined, {
      prepare: 'const wait = setInterval; globalThis.setInterval = (work, ms) => wait(work, ms / 20);',
    });
    assert.match(
      await tab((url) => my.refusal(url, { worker: '/silent.js' }), server.url + TINY),
      /^SourceError: http.*\/silent\.js: the engine's worker cannot be loaded \(it has not reported for 60 seconds, so it may be another script\)\. .*the option worker$/,
    );
  },

  async 'a page without HTTPS works, and says what it lacks'({ openInsecure }) {
    const { tab, url } = await openInsecure();
    const { notes, text, threads, from, advice } = await tab((from) => my.use(from), url + TINY);
    assert.deepEqual([text, threads, from], [ANSWER, 1, 'network']);
    assert.match(advice, /serve the page over HTTPS, or from localhost, with the headers/);
    const lacks =
      /^only pages that are loaded over HTTPS or from localhost have storage: the model will not be stored$/;
    assert.ok(
      notes.some((note) => lacks.test(note)),
      notes.join('\n'),
    );
    const rest = await tab(async (from) => {
      const model = await my.loadModel(from, { contextSize: 64 });
      const request = { messages: [{ role: 'user', content: 'a' }], max_tokens: 1 };
      const { id } = await model.chat.completions
        .create(request)
        .catch(() => model.completions.create({ prompt: 'a' }));
      const session = await model.session();
      const why = ({ name, code, message }) => `${name} ${code} ${message}`;
      const seen = {
        secure: isSecureContext,
        id,
        stored: await my.listModels(),
        sessions: await my.listSessions(),
        info: await my.storageInfo(),
        persistent: await my.persist(),
        kept: await session.keep('a').catch(why),
        ofStream: (await my.use(new Blob([await (await fetch(from)).blob()]).stream())).text,
      };
      await model.free();
      return seen;
    }, url + TINY);
    assert.match(rest.id, /^(chat)?cmpl-[0-9a-f]{32}$/);
    assert.match(rest.kept, /^SessionError no_storage only pages that are loaded over HTTPS/);
    const { secure, stored, sessions, info, persistent, ofStream } = rest;
    assert.deepEqual(
      { secure, stored, sessions, info, persistent, ofStream },
      {
        secure: false,
        stored: [],
        sessions: [],
        info: { usage: 0, quota: 0, persisted: false },
        persistent: false,
        ofStream: ANSWER,
      },
    );
  },

  async 'the demo answers and copies without HTTPS'({ visit }) {
    if (!existsSync(SMOLLM2)) return;
    const arguments_ = ['serve', '-m', SMOLLM2, '--listen', ADDRESS, '--port', '0'];
    const server = spawn(fileURLToPath(new URL('../../quern', import.meta.url)), arguments_);
    try {
      const url = await new Promise((resolve, reject) => {
        let said = '';
        server.stdout.on('data', (text) => {
          said += text;
          const found = /demo: (\S+),/.exec(said);
          if (found) resolve(found[1]);
        });
        server.on('exit', () => reject(new Error('the server has ended')));
      });
      const page = await visit(`${url}quern/demo/?model=${encodeURIComponent(`/models/${basename(SMOLLM2)}`)}`);
      const said = await page.evaluate(async () => {
        const wait = async (found) => {
          for (;;) {
            const value = found();
            if (value) return value;
            await new Promise(requestAnimationFrame);
          }
        };
        const problem = document.getElementById('problem');
        await wait(() => document.body.dataset.model === 'ready' || problem.textContent);
        const prompt = document.getElementById('prompt');
        prompt.value = 'What is the capital of France?';
        prompt.dispatchEvent(new Event('input', { bubbles: true }));
        document.getElementById('send').click();
        await wait(() => document.querySelector('.message.assistant .body')?.textContent.trim());
        document.getElementById('stop')?.click();
        const copy = await wait(() =>
          [...document.querySelectorAll('.message.assistant button')].find((each) => each.textContent === 'Copy'),
        );
        copy.click();
        await wait(() => copy.textContent !== 'Copy');
        return { copied: copy.textContent, problem: problem.textContent, secure: isSecureContext };
      });
      assert.deepEqual([said.problem, said.secure], ['', false]);
      assert.match(said.copied, /^Cop/); // without a user's gesture, Firefox does not allow to copy
    } finally {
      server.kill();
    }
  },
});

const CORS = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };

/* What Electron and NW.js add to their pages and workers. */
const ELECTRON = `globalThis.process = { versions: { node: '20.18.0', electron: '33.0.0' }, type: 'renderer',
  platform: 'linux', env: {}, [Symbol.toStringTag]: 'process' };
globalThis.global = globalThis;
globalThis.require = (name) => { throw new Error('Node was asked for ' + name); };`;

/* A script that answers a message [work, given] with the result of the function whose source is `work`. */
const RUNNER = `
import { functions } from '/tests/web/environments-page.js';
import * as quern from '/web/index.js';
const my = globalThis.my = functions(quern);
const serve = (port) => {
  port.onmessage = async ({ data: [work, given] }) => {
    const run = async () => (0, eval)('(' + work + ')')(given);
    port.postMessage(await run().catch(({ name, message }) => ({ error: name + ': ' + message })));
  };
};
if ('onconnect' in globalThis) onconnect = ({ ports: [port] }) => serve(port);
else if ('clients' in globalThis) onmessage = ({ ports: [port] }) => serve(port);
else serve(globalThis);`;

/* Runs in the page: sends [work, given] to a worker of the kind, and resolves to its answer. */
async function inWorker([kind, script, work, given]) {
  if (kind === 'service') {
    const { installing, active } = await navigator.serviceWorker.register(script, { type: 'module' });
    const { port1, port2 } = new MessageChannel();
    (installing ?? active).postMessage(null, [port2]);
    return new Promise((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
      port1.postMessage([work, given]);
    });
  }
  const blob = () => URL.createObjectURL(new Blob([`import '${script}';`], { type: 'text/javascript' }));
  const address = kind === 'blob' ? blob() : script;
  const worker =
    kind === 'shared' ? new SharedWorker(address, { type: 'module' }) : new Worker(address, { type: 'module' });
  const port = worker.port ?? worker;
  return new Promise((resolve, reject) => {
    worker.onerror = ({ message }) => reject(new Error(message ?? 'the script cannot be loaded'));
    port.onmessage = ({ data }) => resolve(data);
    port.postMessage([work, given]);
  });
}

const useIt = `(from) => my.use(from)`;

Object.assign(checks, {
  async 'a page of Electron is a page'({ open, server }) {
    server.folder([
      ['/electron.js', Buffer.from(ELECTRON)],
      ['/electron-worker.js', Buffer.from("import './electron.js'; import './web/worker.js';")],
    ]);
    const tab = await open(undefined, { prepare: ELECTRON });
    const { text, from, threads } = await tab((url) => my.use(url, { threads: 2 }), server.url + TINY);
    assert.deepEqual([text, from, threads], [ANSWER, 'network', 2]);
    const again = await tab((url) => my.use(url, { worker: '/electron-worker.js', threads: 1 }), server.url + TINY);
    assert.deepEqual([again.text, again.from], [ANSWER, 'store']);
  },

  async 'the package can come from another origin'({ open, server, serveMore }) {
    const cdn = await serveMore();
    cdn.headers = CORS;
    const tab = await open(undefined, { web: `${cdn.url}/web` });
    const { text, threads, build } = await tab((url) => my.use(url, { threads: 2 }), server.url + TINY);
    assert.deepEqual([text, threads, build], [ANSWER, 2, 'relaxed-mt']);
    cdn.missing = /\/worker\.js$/;
    const why = await tab((url) => my.refusal(url), server.url + TINY);
    assert.match(why, /^SourceError: http.*\/web\/worker\.js: the engine's worker cannot be loaded \(404 Not Found\)/);
  },

  async 'a sandboxed frame works without storage'({ open, server }) {
    server.isolated = false;
    server.headers = CORS;
    const script = `
      import { functions } from '${server.url}/tests/web/environments-page.js';
      import * as quern from '${server.url}/web/index.js';
      functions(quern).use('${server.url}${TINY}').then((value) => parent.postMessage(value, '*'),
        ({ name, message }) => parent.postMessage({ error: name + ': ' + message }, '*'));`;
    const tab = await open();
    const said = await tab(
      (content) =>
        new Promise((resolve) => {
          addEventListener('message', ({ data }) => resolve(data));
          const frame = document.createElement('iframe');
          frame.sandbox = 'allow-scripts';
          frame.srcdoc = content;
          document.body.append(frame);
        }),
      `<!doctype html><script type="module">${script}</script>`,
    );
    assert.equal(said.error, undefined);
    assert.deepEqual([said.text, said.from], [ANSWER, 'network']);
    assert.ok(
      said.notes.some((note) => note.endsWith('the model will not be stored')),
      said.notes.join('\n'),
    );
  },

  async 'a shared worker computes'({ open, server }) {
    server.folder([['/runner.js', Buffer.from(RUNNER)]]);
    const tab = await open();
    const { text, error, reason } = await tab(inWorker, ['shared', '/runner.js', useIt, server.url + TINY]);
    assert.equal(error, undefined);
    assert.equal(text, ANSWER);
    if (browserName === 'chromium') assert.match(reason, /one thread, because this kind of worker cannot start others/);
  },

  async 'a worker of the page computes'({ open, server }) {
    server.folder([['/runner.js', Buffer.from(RUNNER)]]);
    const tab = await open();
    const { text, error } = await tab(inWorker, ['dedicated', '/runner.js', useIt, server.url + TINY]);
    assert.deepEqual([text, error], [ANSWER, undefined]);
  },

  async 'a service worker is told where to compute'({ open, server }) {
    server.folder([['/service/runner.js', Buffer.from(RUNNER)]]);
    const tab = await open();
    const { error } = await tab(inWorker, ['service', '/service/runner.js', useIt, server.url + TINY]);
    assert.match(error, /^Error: a service worker cannot run a model: .*Load the model in a page.*offscreen document$/);
  },

  async 'relative URLs are resolved as fetch does'({ open, server }) {
    server.folder([['/runner.js', Buffer.from(RUNNER)]]);
    const tab = await open();
    const loaded = await tab(async () => {
      const base = document.createElement('base');
      base.href = '/tests/vectors/';
      document.head.append(base);
      return my.use('tiny-llama-f32.gguf', { worker: '../../web/worker.js', wasm: '../../web/wasm' });
    });
    assert.equal(loaded.text, ANSWER);
    const ofFrame = await tab(
      (url) =>
        new Promise((resolve) => {
          addEventListener('message', ({ data }) => resolve(data));
          const frame = document.createElement('iframe');
          frame.srcdoc = `<script type="module">
            import { functions } from '${url}/tests/web/environments-page.js';
            import * as quern from '${url}/web/index.js';
            functions(quern).use('tiny-llama-f32.gguf').then((value) => parent.postMessage(value, '*'),
              ({ message }) => parent.postMessage({ message }, '*'));</script>`;
          document.body.append(frame);
        }),
      server.url,
    );
    assert.equal(ofFrame.message, undefined);
    assert.equal(ofFrame.text, ANSWER);
    const { error } = await tab(inWorker, ['blob', `${server.url}/runner.js`, useIt, 'tiny-llama-f32.gguf']);
    assert.match(
      error,
      /^TypeError: the URL tiny-llama-f32\.gguf is relative, .*address of this script is blob:.*absolute/,
    );
  },
});

/* Makes a page or a worker lack what Safari 16.4 or Firefox 114 lacks. Reports refused handles to the channel. */
const SAFARI = `
delete AbortSignal.any;
delete URL.canParse;
delete Array.fromAsync;
delete Promise.withResolvers;
delete Promise.try;
delete Object.groupBy;
delete Map.groupBy;
delete ReadableStream.prototype[Symbol.asyncIterator];
delete ReadableStream.prototype.values;
delete ReadableStream.from;
for (const name of ['toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name];
for (const name of ['union', 'intersection', 'difference', 'isSubsetOf', 'isDisjointFrom']) delete Set.prototype[name];
for (const name of ['map', 'filter', 'take', 'drop', 'flatMap', 'reduce', 'toArray', 'forEach', 'some', 'every', 'find'])
  delete globalThis.Iterator?.prototype[name];
const { getReader } = ReadableStream.prototype;
ReadableStream.prototype.getReader = function reader(options) {
  if (options?.mode) throw new TypeError('there are no readers with buffers');
  return getReader.call(this);
};
for (const { prototype } of [globalThis.Worker, MessagePort].filter(Boolean)) {
  const { postMessage } = prototype;
  prototype.postMessage = function post(message, transfer) {
    if ([].concat(transfer ?? []).some((each) => each instanceof ReadableStream))
      throw new DOMException('The object can not be cloned.', 'DataCloneError');
    return postMessage.call(this, message, transfer);
  };
}
const { createSyncAccessHandle } = FileSystemFileHandle.prototype;
if (createSyncAccessHandle) {
  const refused = new BroadcastChannel('handles');
  FileSystemFileHandle.prototype.createSyncAccessHandle = async function handle() {
    try {
      return await createSyncAccessHandle.call(this);
    } catch (error) {
      if (error.name !== 'NoModificationAllowedError') throw error;
      refused.postMessage('refused');
      throw new DOMException('The object is in an invalid state.', 'InvalidStateError');
    }
  };
}`;

/* A worker that opens the file [key, name] of a stored model. It closes it when it is told to, or, if \`yields\`, when
 * another worker has been refused. */
const HOLDER = `
onmessage = async ({ data: { close, key, name, yields } }) => {
  if (close) globalThis.handle.close();
  else {
    const root = await navigator.storage.getDirectory();
    const models = await root.getDirectoryHandle('quern', { create: true });
    const folder = await models.getDirectoryHandle(key, { create: true });
    globalThis.handle = await (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
    globalThis.handles = new BroadcastChannel('handles');
    if (yields) globalThis.handles.onmessage = () => globalThis.handle.close();
  }
  postMessage('done');
};`;

/* Runs in the page. */
async function loadWhileHeld([url, key]) {
  const holder = new Worker('/holder.js');
  const tell = (message) =>
    new Promise((resolve) => {
      holder.onmessage = resolve;
      holder.postMessage(message);
    });
  const options = { worker: '/safari-worker.js', threads: 1 };
  await tell({ key, name: '0.data' });
  const stored = await my.use(url, options);
  await tell({ close: true });
  await my.deleteModel(key);
  await tell({ key, name: '0.data', yields: true });
  const again = await my.use(url, options);
  holder.terminate();
  return { stored, again, list: await my.listModels() };
}

/* A worker in which the storage fails from its n-th use on. */
const FAILING = `
import './web/worker.js';
let left = Number(new URL(self.location).searchParams.get('n'));
const USES = {
  LockManager: ['request'],
  StorageManager: ['getDirectory'],
  FileSystemDirectoryHandle: ['getDirectoryHandle', 'getFileHandle', 'removeEntry'],
  FileSystemFileHandle: ['createSyncAccessHandle', 'getFile'],
  FileSystemSyncAccessHandle: ['write', 'read', 'truncate', 'getSize', 'close'],
};
for (const [type, names] of Object.entries(USES)) {
  const { prototype } = globalThis[type];
  for (const name of names) {
    const use = prototype[name];
    prototype[name] = function fail(...given) {
      if (--left > 0) return use.apply(this, given);
      const error = new DOMException('it failed', 'UnknownError');
      if (type === 'FileSystemSyncAccessHandle') throw error;
      return Promise.reject(error);
    };
  }
}`;
const USES = 36; // more than loading a small model needs

/* The next two run in the page. */
async function loadWithFailures([url, n]) {
  const failing = await my.use(url, { threads: 1, worker: `/failing-worker.js?n=${n}` });
  const again = await my.use(url, { threads: 1 });
  for (const { key } of await my.listModels()) await my.deleteModel(key);
  return [failing.text, again.text];
}

async function refuseWithFailures([url, n]) {
  const why = await my.refusal(url, { threads: 1, worker: `/failing-worker.js?n=${n}` });
  return { why, complete: (await my.listModels()).filter(({ complete }) => complete).length };
}

Object.assign(checks, {
  async 'a storage that fails at any step does not matter'({ open, server }) {
    server.folder([['/failing-worker.js', Buffer.from(FAILING)]]);
    const tab = await open();
    for (let n = 1; n <= USES; n++)
      assert.deepEqual(await tab(loadWithFailures, [server.url + TINY, n]), [ANSWER, ANSWER], `use ${n}`);
  },

  async 'what is no model does not stay, even if the storage fails'({ open, server }) {
    server.folder([['/failing-worker.js', Buffer.from(FAILING)]]);
    const tab = await open();
    const model = readFileSync(path('tiny-llama-f32.gguf'));
    const file = server.add(model);
    for (let n = 1; n <= USES; n++) {
      file.content = Buffer.concat([Buffer.from('<!doctype html>'), model]);
      const { why, complete } = await tab(refuseWithFailures, [file.url, n]);
      assert.match(why, /^QuernError: this is not a GGUF file/);
      assert.equal(complete, 0);
      file.content = model;
      const { text } = await tab((url) => my.use(url, { threads: 1 }), file.url);
      assert.equal(text, ANSWER, `use ${n}`);
      await tab(async () => {
        for (const { key } of await my.listModels()) await my.deleteModel(key);
      });
    }
  },

  async 'what Safari lacks is done without'({ open, server }) {
    server.folder([
      ['/safari.js', Buffer.from(SAFARI)],
      ['/safari-worker.js', Buffer.from("import './safari.js'; import './web/worker.js';")],
      ['/holder.js', Buffer.from(HOLDER)],
    ]);
    const tab = await open(undefined, { prepare: SAFARI });
    const url = server.url + TINY;
    const said = await tab(async (from) => {
      const stream = (await fetch(from)).body;
      const { text, from: origin } = await my.use(from, { worker: '/safari-worker.js', threads: 1 });
      const model = await my.loadModel(stream, { contextSize: 64 });
      const abort = new AbortController();
      const request = { prompt: 'One, two', max_tokens: 40, stream: true };
      let pieces = 0;
      const aborted = (async () => {
        for await (const piece of await model.completions.create(request, { signal: abort.signal }))
          if (piece && ++pieces === 2) abort.abort();
      })();
      const { name } = await aborted.catch((error) => error);
      const [{ key }] = await my.listModels();
      await model.free();
      return { text, origin, name, key };
    }, url);
    assert.deepEqual([said.text, said.origin, said.name], [ANSWER, 'network', 'AbortError']);
    const { stored, again, list } = await tab(loadWhileHeld, [url, said.key]);
    assert.deepEqual(
      [stored.text, stored.from, stored.notes.filter((note) => /stor/.test(note))],
      [ANSWER, 'store', []],
    );
    assert.deepEqual(
      [again.text, again.from, again.notes.filter((note) => /stor/.test(note))],
      [ANSWER, 'network', []],
    );
    assert.deepEqual(
      list.map(({ complete }) => complete),
      [true],
    );
  },

  async 'a browser without SIMD is told what is needed'({ open, server }) {
    /* As of all browsers before: a module with SIMD instructions is invalid. */
    server.folder([
      ['/old.js', Buffer.from('WebAssembly.validate = () => false;')],
      ['/old-worker.js', Buffer.from("import './old.js'; import './web/worker.js';")],
    ]);
    const tab = await open();
    assert.match(
      await tab((url) => my.refusal(url, { worker: '/old-worker.js' }), server.url + TINY),
      /^Error: this browser does not support WebAssembly SIMD: Chrome 108, Firefox 114, Safari 16\.4/,
    );
  },
});

const nodeChecks = {
  async 'options that have no effect are refused, and null is none'() {
    const model = path('tiny-llama-f32.gguf');
    await refusesOptions(
      (options) => here.use(model, options),
      (options) => here.refusal(model, options),
    );
    const wrong = await here.refusal(model, { sha256: '0'.repeat(64) });
    assert.match(wrong, /^SourceError: .*: its SHA-256 is [0-9a-f]{64}, not 0{64}$/);
  },

  async 'sources of every kind are taken'() {
    const bytes = readFileSync(path('tiny-llama-f32.gguf'));
    const { buffer, byteOffset, byteLength } = Buffer.from(bytes.buffer.slice(0), bytes.byteOffset, bytes.byteLength);
    const server = await serve();
    const url = server.url + TINY;
    const sources = {
      Buffer: bytes,
      DataView: new DataView(buffer, byteOffset, byteLength),
      Float32Array: new Float32Array(Uint8Array.from(bytes).buffer),
      Response: await fetch(url),
      ReadableStream: new Blob([bytes]).stream(),
      URL: new URL('tiny-llama-f32.gguf', VECTORS),
      paths: SPLITS.map(path),
      'ArrayBuffers of splits': SPLITS.map((name) => Uint8Array.from(readFileSync(path(name))).buffer),
    };
    server.close();
    for (const [kind, source] of Object.entries(sources)) assert.equal((await here.use(source)).text, ANSWER, kind);
  },

  async 'what is no source is rejected with an error that says so'() {
    for (const [kind, [source, why]] of Object.entries(REJECTED)) {
      const said = await here.refusal(source);
      assert.ok(said.startsWith(EXPECTED) && said.endsWith(why), `${kind}: ${said}`);
    }
    assert.match(await here.refusal('missing.gguf'), /^SourceError: missing\.gguf: the file cannot be opened \(ENOENT/);
    assert.match(
      await here.refusal(path('.')),
      /^SourceError: .*: the file cannot be opened \(it is not a regular file/,
    );
  },

  async 'the folder of the modules can be a path'() {
    const folder = fileURLToPath(new URL('../../web/wasm', import.meta.url));
    assert.equal((await here.use(path('tiny-llama-f32.gguf'), { wasm: folder })).text, ANSWER);
  },
};

/* Runs checks with what `prepare` gives them, and prints their errors. */
async function runAll(all, prepare) {
  for (const [check, run] of Object.entries(all)) {
    if (wanted.length && !wanted.includes(check)) continue;
    const { close = () => {}, ...given } = await prepare();
    let failure = null;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came for ${PATIENCE / 1000} s`)), PATIENCE);
    });
    try {
      await Promise.race([run(given), late]);
    } catch (error) {
      failure = error.stack;
    }
    clearTimeout(timer);
    console.log(JSON.stringify({ check, failure }));
    await close();
  }
}

async function runInBrowser() {
  const browser = await start(browserName);
  await runAll(checks, async () => {
    const server = await serve();
    const pages = [];
    const servers = [server];
    const serveMore = async (options) => {
      servers.push(await serve(options));
      return servers.at(-1);
    };
    const visit = async (url) => {
      pages.push(await browser.page(url));
      return pages.at(-1);
    };
    /* Opens a page with the functions under window.my. `web`: the address of the package; ready(): waited for. */
    const open = async (page = '/tests/web/blank.html', options = {}) => {
      const { site = server.url, web = `${site}/web`, prepare, ready } = options;
      const opened = await visit(site + page);
      if (ready) await opened.waitForFunction(ready);
      if (prepare) await opened.evaluate(prepare);
      await opened.evaluate(
        async ([script, entry]) => {
          const { functions, ...others } = await import(script);
          window.my = { ...functions(await import(entry)), ...others };
        },
        [`${site}/tests/web/environments-page.js`, `${web}/index.js`],
      );
      return (work, given) => opened.evaluate(work, given);
    };
    const close = async () => {
      for (const page of pages) await page.close();
      for (const each of servers) each.close();
    };
    const openInsecure = async () => {
      const { url } = await serveMore({ address: ADDRESS });
      return { url, tab: await open(undefined, { site: url }) };
    };
    return { open, openInsecure, visit, serveMore, server, close };
  });
  await browser.close();
}

const all = browserName === 'node' ? nodeChecks : checks;
if (mode === 'list') console.log(JSON.stringify(Object.keys(all)));
else if (mode === 'node') await runAll(nodeChecks, async () => ({}));
else await runInBrowser();
