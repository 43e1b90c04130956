/* The package in a browser: node package.test.mjs chromium|firefox <model.gguf> [check...]. Prints a line of JSON
 * for each check: its name, its error, or null, and figures. node package.test.mjs list chromium|firefox prints the
 * names. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pssBytes } from '../../bench/e2e/pss.js';
import { start } from './browsers.mjs';
import { serve } from './server.js';

const [name, file, ...wanted] = process.argv.slice(2);
const VECTORS = fileURLToPath(new URL('../vectors/', import.meta.url));
const QUESTION = 'What is the capital of France?';
const CONFORMANCE = JSON.parse(readFileSync(join(VECTORS, 'hashes.json'), 'utf8'));
const expected = (model) => CONFORMANCE.find((entry) => entry.model === model);
const vector = (model) => expected(model).ids;
const LONG = 'The quick brown fox jumps over the lazy dog. '.repeat(180);
const LOADS = 20;
const PATIENCE = 240_000; /* ms, with a check that hangs */

const load = (tab, source, options = {}) =>
  tab(([from, more]) => my.load(from, more), [source, { contextSize: 512, ...options }]);
const hashes = (tab, ids) => tab((given) => my.hashes(given), ids);

async function holds(tab, model) {
  const { sha256, ids } = expected(model);
  assert.deepEqual(await hashes(tab, ids), { sha256, same: true }, model);
}

/* The next three run in the page. */
async function askAndKeep(messages) {
  const ask = (more) =>
    my.model.chat.completions.create({ messages: [...messages, ...more], temperature: 0, max_tokens: 12 });
  const {
    choices: [{ message }],
    usage,
  } = await ask([]);
  await my.model.chat.keep('a chat/with ä name');
  const session = await my.model.session();
  await session.prefill([1, 2, 3]);
  await session.keep('small');
  const follow = [message, { role: 'user', content: 'Is it large?' }];
  return [{ follow, tokens: usage.total_tokens }, await ask(follow)];
}

async function resumeKept([messages, follow]) {
  const why = (promise) =>
    promise.then(
      () => 'taken',
      ({ name, code, message }) => [name, code, message].join(': '),
    );
  const listed = (await my.listSessions()).map(({ name, tokens, model, bytes }) => ({
    name,
    tokens,
    model,
    large: bytes > 1e6,
  }));
  const tokens = await my.model.chat.resume('a chat/with ä name');
  const {
    choices: [{ message }],
    usage,
  } = await my.model.chat.completions.create({
    messages: [...messages, ...follow],
    temperature: 0,
    max_tokens: 12,
  });
  const session = await my.model.session();
  const position = await session.resume('small');
  const other = await my.model.session({ contextSize: 64 });
  return {
    listed,
    tokens,
    text: message.content,
    cached: usage.prompt_tokens_details.cached_tokens,
    position,
    notOfAChat: await why(my.model.chat.resume('small')),
    unknown: await why(session.resume('nothing')),
    tooLong: await why(other.resume('a chat/with ä name')),
  };
}

async function truncateKept() {
  const why = (promise) =>
    promise.then(
      () => 'taken',
      ({ code, message }) => `${code}: ${message}`,
    );
  const session = await my.model.session();
  const other = await why(session.resume('small'));
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('quern-sessions');
  const torn = [];
  for await (const handle of folder.values()) {
    const file = await handle.getFile();
    const writable = await handle.createWritable({ keepExistingData: true });
    await writable.truncate(file.size - 1);
    await writable.close();
  }
  torn.push((await my.listSessions()).length, await why(session.resume('small')));
  await session.keep('small');
  await my.deleteSession('small');
  return { other, torn, left: (await my.listSessions()).length };
}

const checks = {
  async 'loads and streams, by threads'({ tab, model }) {
    const { from, build, reason, threads } = await load(tab, model.url);
    assert.deepEqual(
      { from, build, reason },
      { from: 'network', build: 'relaxed-mt', reason: 'the fastest build that this browser supports' },
    );
    assert.ok(threads >= 1);
    const { text, pieces, progress } = await tab(([question]) => my.answer(question, 24), [QUESTION]);
    assert.equal(progress[0].processed, 0);
    assert.ok(progress.at(-1).processed === progress[0].total && progress[0].total > 20);
    assert.match(text, /Paris/);
    assert.ok(pieces > 5);
    await holds(tab, 'smollm2');
  },

  async 'a trial of the threads is announced, and its result is reported'({ tab, model }) {
    const seen = await tab(async (url) => {
      const info = await my.load(url, { contextSize: 512, early: true });
      const first = { threads: info.threads, tuning: info.tuning };
      /* While a call runs, there is no trial. */
      const asked = my.model.chat.completions.create({ messages: [{ role: 'user', content: 'Hi' }], max_tokens: 1 });
      await my.model.loaded;
      await asked;
      while (my.model.info.tuning) await new Promise((resolve) => void setTimeout(resolve, 20));
      const { threads } = my.model.info;
      const told = my.notes.filter((note) => /threads in use/.test(note));
      await my.load(url, { contextSize: 512, threads: 2 });
      return { first, threads, told, most: navigator.hardwareConcurrency, fixed: my.model.info.tuning };
    }, model.url);
    assert.deepEqual(seen.first, { threads: Math.min(seen.most, 8), tuning: true });
    assert.equal(seen.told.length, 1);
    assert.match(
      seen.told[0],
      new RegExp(`^(all )?${seen.threads} (of ${seen.most} )?threads in use: (more|fewer) were`),
    );
    assert.equal(seen.fixed, false);
  },

  async 'an abort ends a download'({ tab, model, figure }) {
    model.rate = 5e6;
    const aborted = await tab((url) => {
      let begun;
      const some = new Promise((resolve) => {
        begun = resolve;
      });
      return my.aborted(
        (signal) =>
          my.load(url, {
            signal,
            onProgress: ({ loaded }) => {
              if (loaded > 1e6) begun();
            },
          }),
        () => some,
      );
    }, model.url);
    assert.equal(aborted.name, 'AbortError');
    figure('abort of a download', aborted.rejected);
    await model.quiet();
    assert.ok(model.sent < model.size, 'nothing more is asked for');
    model.rate = Infinity;
    await load(tab, model.url);
    assert.match((await tab(([question]) => my.answer(question, 24), [QUESTION])).text, /Paris/);
  },

  async 'an abort ends a prefill'({ tab, model, figure }) {
    await load(tab, model.url, { contextSize: 2048 });
    const { at, later, left, ...aborted } = await tab(async (long) => {
      const session = await my.model.session();
      const ids = await my.model.tokenize(long);
      const begun = async () => {
        while ((await session.position()) === 0);
      };
      const how = await my.aborted((signal) => session.prefill(ids, { signal }), begun);
      const at = await session.position();
      await my.model.tokenize('a while');
      return { ...how, at, later: await session.position(), left: ids.length - at };
    }, LONG);
    assert.equal(aborted.name, 'AbortError');
    figure('abort of a prefill', aborted.free);
    assert.ok(at > 0 && left > 0, `${at} computed, ${left} left`);
    assert.equal(later, at);
    const chat = await tab((long) => {
      const work = (signal) =>
        my.model.chat.completions.create({ messages: [{ role: 'user', content: long }], max_tokens: 1 }, { signal });
      return my.aborted(work, () => my.model.isEnd(0));
    }, LONG);
    assert.equal(chat.name, 'AbortError');
    assert.match((await tab(([question]) => my.answer(question, 24), [QUESTION])).text, /Paris/);
  },

  async 'an abort ends an answer'({ tab, model, figure }) {
    await load(tab, model.url);
    const { count, ...aborted } = await tab(async (question) => {
      let begun;
      let count = 0;
      const some = new Promise((resolve) => {
        begun = resolve;
      });
      const request = {
        messages: [{ role: 'user', content: question }],
        max_tokens: 400,
        temperature: 0,
        logit_bias: { 2: -100 },
        stream: true,
      };
      const work = async (signal) => {
        for await (const chunk of await my.model.chat.completions.create(request, { signal }))
          if (chunk && ++count === 3) begun();
      };
      return { ...(await my.aborted(work, () => some)), count };
    }, QUESTION);
    assert.equal(aborted.name, 'AbortError');
    figure('abort of an answer', aborted.free);
    assert.ok(count < 300, `${count} pieces`);
    assert.match((await tab(([question]) => my.answer(question, 24), [QUESTION])).text, /Paris/);
  },

  async 'a second load needs no network, nor does one after a reload'({ tab, model, open }) {
    assert.equal((await load(tab, model.url)).from, 'network');
    await tab(() => my.free());
    model.offline = true;
    const { length } = model.requests;
    assert.equal((await load(tab, model.url)).from, 'store');
    await tab(() => my.free());
    const again = await open();
    assert.equal((await load(again, model.url)).from, 'store');
    assert.match((await again(([question]) => my.answer(question, 24), [QUESTION])).text, /Paris/);
    assert.equal(model.requests.length, length);
    const [{ complete, bytes }] = await again(() => my.listModels());
    assert.deepEqual({ complete, bytes }, { complete: true, bytes: model.size });
  },

  async 'a page that is not isolated has one thread, and is told why'({ server, open, model }) {
    server.isolated = false;
    const tab = await open();
    const { threads, build, reason, advice } = await load(tab, model.url);
    assert.deepEqual({ threads, build }, { threads: 1, build: 'relaxed' });
    assert.match(reason, /one thread, because the page is not cross-origin isolated/);
    assert.match(advice, /Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/);
    assert.ok((await tab(() => my.notes)).some((note) => note.includes(advice)));
    await holds(tab, 'smollm2');
  },

  async 'a page isolates itself where the server does not'({ server, open, model }) {
    server.isolated = false;
    server.folder([['/web/page.html', Buffer.from('<!doctype html><script src="isolate.js"></script>')]]);
    const visit = () => open('/web/page.html', (it) => it.waitForFunction(() => globalThis.crossOriginIsolated));
    const { build } = await load(await visit(), model.url, { threads: 2 });
    assert.equal(build, 'relaxed-mt');
    const pages = server.requests.filter((path) => path === '/web/page.html').length;
    const again = await visit();
    assert.equal(
      server.requests.filter((path) => path === '/web/page.html').length,
      pages + 1,
      'it is not loaded twice once it is isolated',
    );
    await load(again, model.url, { threads: 2 });
    await holds(again, 'smollm2');
  },

  async 'what is asked during the download is computed as it comes, to the same bits'({ open, model, server }) {
    const { sha256, ids } = expected('smollm2');
    for (const served of [model, server.add(file, { ranges: false })]) {
      const tab = await open();
      served.limit = 60e6;
      await load(tab, served.url, { early: true });
      const early = await tab((given) => {
        my.computing = my.hashes(given);
        return my.model.tokenize('One, two').then(({ length }) => ({ length, loadMs: my.model.info.loadMs }));
      }, ids);
      assert.deepEqual({ ...early, whole: served.sent < served.size }, { length: 3, loadMs: 0, whole: true });
      served.limit = Infinity;
      assert.deepEqual(await tab(() => my.computing), { sha256, same: true });
      assert.ok((await tab(() => my.model.loaded)).loadMs > 0);
      await tab(() => my.free());
      assert.equal((await load(tab, served.url, { early: true })).from, 'store');
      await holds(tab, 'smollm2');
      await tab(() => my.free());
    }
    /* Ranges are requested in the order of need: blk.2 is stored after blk.10 to blk.19, but requested before their
     * end. */
    const starts = model.requests.map(({ range }) => Number(range.slice(6).split('-')[0]));
    assert.ok(starts.findIndex((start) => start > 70e6) < starts.findLastIndex((start) => start < 60e6), `${starts}`);
  },

  async 'threads that do not start are told of, and done without'({ tab, model, server }) {
    server.missing = /thread-worker\.js$/;
    const { build, threads, reason } = await load(tab, model.url, { threads: 2 });
    assert.deepEqual({ build, threads }, { build: 'relaxed', threads: 1 });
    assert.match(reason, /one thread, because more could not be started: a thread could not be started/);
    await holds(tab, 'smollm2');
  },

  async 'a module that cannot be fetched is named'({ tab, model, server }) {
    const why = (options) =>
      tab(
        ([url, more]) =>
          my.load(url, more).then(
            () => 'taken',
            ({ name, status, message }) => `${name} ${status} ${message}`,
          ),
        [model.url, options],
      );
    assert.match(
      await why({ threads: 1, wasm: 'http://localhost:1/modules' }),
      /^SourceError 0 http:\/\/localhost:1\/modules\/quern-relaxed\.wasm: the engine's module cannot be fetched \(.+\)\. Without a network, .*the same build and number of threads/,
    );
    server.missing = /quern-relaxed\.wasm$/;
    assert.match(
      await why({ threads: 1 }),
      /^SourceError 404 .*\/web\/wasm\/quern-relaxed\.wasm: the engine's module is not there \(404 Not Found\)/,
    );
  },

  async 'a worker that cannot be loaded is named'({ tab, model, server, open }) {
    const why = (tab, options) =>
      tab(
        ([url, more]) =>
          my.load(url, more).then(
            () => 'taken',
            ({ name, status, message }) => `${name} ${status} ${message}`,
          ),
        [model.url, options],
      );
    const expect = (status, found) =>
      new RegExp(
        `^SourceError ${status} .*: the engine's worker cannot be loaded \\(${found}\\)\\. .*the option worker`,
      );
    assert.match(await why(tab, { worker: '/gone/worker.js' }), expect(404, '404 Not Found'));
    assert.match(
      await why(tab, { worker: '/gone/worker.js' }),
      /^SourceError 404 http:\/\/localhost:\d+\/gone\/worker\.js: /,
    );
    const page = server.add(Buffer.from('<!doctype html>'), { name: 'index.html' });
    assert.match(await why(tab, { worker: page.url }), expect(200, '200 OK, text/html'));
    const parts = server.add(Buffer.from("import '/gone.js';"), { name: 'worker.js' });
    assert.match(await why(tab, { worker: parts.url }), expect(200, 'it or a script that it imports is missing.*'));
    assert.match(await why(tab, { worker: 'http://localhost:1/worker.js' }), expect(0, '.+'));
    server.missing = /\/worker\.js$/;
    const fresh = await open();
    assert.match(await why(fresh, {}), expect(404, '404 Not Found'));
    assert.match(await why(fresh, {}), /^SourceError 404 http:\/\/localhost:\d+\/web\/worker\.js: /);
  },

  async 'what is no model is not kept'({ tab, server }) {
    const tiny = readFileSync(join(VECTORS, 'tiny-llama-f32.gguf'));
    const page = (words) => Buffer.from(`<!doctype html>${'no model '.repeat(words)}`);
    for (const [what, content, loads] of [
      ['page', page(3400), LOADS],
      ['large page', page(200_000), 4],
      ['truncated', tiny.subarray(0, tiny.length - 1000), LOADS],
    ]) {
      const served = server.add(content);
      for (let load = 0; load < loads; load++) {
        const outcome = await tab(
          async ([url, options]) => {
            const why = await my.load(url, options).then(
              () => 'taken',
              ({ name, code, message }) => `${name} ${code} ${message}`,
            );
            return { why, kept: await my.listModels(), folders: await my.folders() };
          },
          [served.url, { early: load % 2 === 1, threads: 1 }],
        );
        assert.match(outcome.why, /^QuernError -2/);
        assert.doesNotMatch(outcome.why, /deleted/);
        assert.deepEqual([outcome.kept, outcome.folders], [[], []], `${what}, load ${load}`);
        assert.ok(served.requests.length > load, `${what}, load ${load} sent no request`);
      }
      served.content = tiny;
      assert.equal((await load(tab, served.url)).from, 'network');
      assert.equal((await load(tab, served.url)).from, 'store');
      await tab(async () => {
        await my.free();
        for (const { key } of await my.listModels()) await my.deleteModel(key);
      });
    }
  },

  async 'another origin that hides that it compresses'({ tab }) {
    const other = await serve();
    const why = (url) =>
      tab(
        (from) =>
          my.load(from, { threads: 1 }).then(
            ({ from }) => from,
            ({ message }) => message,
          ),
        url,
      );
    try {
      for (const ranges of [true, false]) {
        const cors = { 'Access-Control-Allow-Origin': '*' };
        const served = other.add(join(VECTORS, 'tiny-llama-f32.gguf'), { ranges, cors, compress: 'each' });
        const outcomes = [await why(served.url), await why(served.url)];
        for (const outcome of outcomes) assert.match(outcome, /^network$|compresses the transfer/);
        for (const { size } of await tab(() => my.listModels())) assert.equal(size, served.size);
      }
    } finally {
      other.close();
    }
  },

  async 'plain SIMD gives the same bits'({ tab, model }) {
    const { build, reason } = await load(tab, model.url, { build: 'plain', threads: 1 });
    assert.deepEqual({ build, reason }, { build: 'plain', reason: 'the plain build was requested' });
    await holds(tab, 'smollm2');
    assert.equal((await load(tab, model.url, { build: 'plain', threads: 2 })).build, 'plain-mt');
    await holds(tab, 'smollm2');
  },

  async 'the parts of a split model are found'({ tab, server }) {
    await load(tab, `${server.url}/tests/vectors/split/tiny-llama-f32-00001-of-00004.gguf`);
    await holds(tab, 'tiny-llama-f32');
  },

  async 'a file can be dropped on the page, a Blob or bytes be given'({ tab, server }) {
    const ids = vector('tiny-llama-f32');
    const [dropped, ...others] = await tab(
      async ([url, given]) => {
        const bytes = await (await fetch(url)).arrayBuffer();
        const dropped = await new Promise((resolve) => {
          addEventListener('drop', (event) => resolve(event.dataTransfer.files[0]), { once: true });
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], 'tiny.gguf'));
          document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true }));
        });
        const seen = [];
        for (const source of [dropped, new Blob([bytes]), bytes, new Blob([bytes]).stream()]) {
          const { from } = await my.load(source, { contextSize: 512 });
          seen.push({ from, ...(await my.hashes(given)) });
        }
        return seen;
      },
      [`${server.url}/tests/vectors/tiny-llama-f32.gguf`, ids],
    );
    const { sha256 } = expected('tiny-llama-f32');
    assert.deepEqual(dropped, { from: 'file', sha256, same: true });
    assert.deepEqual(
      others.map(({ from }) => from),
      ['file', 'memory', 'network'],
    );
    for (const other of others) assert.equal(other.sha256, sha256);
  },

  async 'models that are freed leave nothing'({ tab, model, figure }) {
    const sizes = [];
    for (let i = 0; i < LOADS; i++) {
      await load(tab, model.url);
      await tab(() => my.model.completions.create({ prompt: 'One', max_tokens: 1 }));
      await tab(() => my.free());
      sizes.push(pssBytes());
    }
    const settled = Math.max(...sizes.slice(0, 3));
    figure('memory after 3 loads', settled / 1e6, 'MB');
    figure(`memory after ${LOADS} loads`, sizes.at(-1) / 1e6, 'MB');
    assert.ok(
      Math.min(...sizes.slice(-3)) < settled + 3 * model.size,
      `grew to ${sizes.map((size) => Math.round(size / 1e6)).join(', ')} MB`,
    );
  },

  async 'logits have the same bits as everywhere'({ tab, server }) {
    for (const { model, ids, sha256 } of CONFORMANCE.filter((entry) => existsSync(join(VECTORS, entry.file)))) {
      await load(tab, `${server.url}/tests/vectors/${model}.gguf`, { cache: false, contextSize: ids.length });
      assert.deepEqual(await hashes(tab, ids), { sha256, same: true }, model);
    }
  },

  async 'real models too'({ tab, server }) {
    for (const { model, file: part } of CONFORMANCE) {
      const path = join(dirname(file), part);
      if (!existsSync(path)) continue;
      await load(tab, server.add(path).url);
      await holds(tab, model);
    }
  },

  async 'chats and sessions are kept under names, and resumed after a reload'({ tab, model, server, open }) {
    const messages = [
      { role: 'system', content: 'You are brief.' },
      { role: 'user', content: `${LONG.slice(0, 2000)} ${QUESTION}` },
    ];
    await load(tab, model.url, { contextSize: 1024 });
    const [first, next] = await tab(askAndKeep, messages);
    await tab(() => my.free());

    const again = await open();
    await load(again, model.url, { contextSize: 1024 });
    const { listed, text, cached, position, ...refused } = await again(resumeKept, [messages, first.follow]);
    const { name } = await again(() => my.model.info);
    assert.equal(text, next.choices[0].message.content);
    assert.equal(cached, next.usage.prompt_tokens_details.cached_tokens, 'as much was kept as there was');
    assert.ok(cached > 400);
    assert.deepEqual(listed, [
      { name: 'small', tokens: 3, model: name, large: true },
      { name: 'a chat/with ä name', tokens: refused.tokens, model: name, large: true },
    ]);
    assert.equal(position, 3);
    assert.match(refused.notOfAChat, /^SessionError: refused: the session "small" was not kept by a chat/);
    assert.match(refused.unknown, /^SessionError: not_found: no session "nothing" is kept/);
    assert.match(refused.tooLong, /^SessionError: refused: .*the saved session has \d+ tokens, the context holds 64/);

    await load(again, `${server.url}/tests/vectors/tiny-llama-f32.gguf`);
    const { other, torn, left } = await again(truncateKept);
    assert.match(other, /^refused: the session "small" of the model ".*": the session was saved with another model/);
    assert.deepEqual([torn[0], left], [0, 0]);
    assert.match(torn[1], /^damaged: /);
  },

  async 'sessions can be forked, taken back, saved and restored'({ tab, model }) {
    await load(tab, model.url);
    const seen = await tab(async () => {
      const { model: it } = my;
      const ids = await it.tokenize('One, two, three,');
      const text = await it.detokenize(ids);
      const session = await it.session({ contextSize: 64 });
      const follow = async (one, count) => {
        const said = [];
        for (let i = 0; i < count; i++) {
          said.push(await one.sample());
          await one.step(said.at(-1));
        }
        return said;
      };
      await session.sampling({ temperature: 0 });
      const end = await session.prefill(ids);
      const saved = await session.save();
      const fork = await session.fork();
      const first = await follow(session, 8);
      const ofFork = await follow(fork, 8);
      await session.rewind(end);
      await session.rewind(0);
      await session.prefill(ids);
      const afterRewind = await follow(session, 8);
      const other = await it.session({ contextSize: 64 });
      await other.restore(saved);
      const position = await other.position();
      const afterRestore = await follow(other, 8);
      const wrong = await other.restore(saved.slice(0, 1000)).then(
        () => '',
        (error) => `${error.name}: ${error.message}`,
      );
      for (const each of [session, fork, other]) await each.free();
      return {
        text,
        count: ids.length,
        end,
        position,
        first,
        others: [ofFork, afterRewind, afterRestore],
        said: await it.detokenize(first),
        wrong,
      };
    });
    assert.equal(seen.text, 'One, two, three,');
    assert.equal(seen.end, seen.count);
    assert.equal(seen.position, seen.end);
    assert.match(seen.said, /four/);
    for (const other of seen.others) assert.deepEqual(other, seen.first);
    assert.match(seen.wrong, /^QuernError: .*1000/);
  },
};

/* Not in Firefox, where it may hang while a test driver is attached: see docs/page.md. */
if ((name === 'list' ? file : name) !== 'firefox') {
  checks["a worker of the page's own starts its threads itself"] = async ({ tab, model, server }) => {
    const { build } = await load(tab, model.url, { worker: `${server.url}/web/worker.js`, threads: 2 });
    assert.equal(build, 'relaxed-mt');
    await holds(tab, 'smollm2');
  };
}

if (name === 'list') {
  console.log(JSON.stringify(Object.keys(checks)));
} else {
  for (const [check, run] of Object.entries(checks)) {
    if (wanted.length && !wanted.includes(check)) continue;
    const browser = await start(name);
    const server = await serve();
    const figures = [];
    let failure = null;
    const open = async (path = '/tests/web/blank.html', ready = () => {}) => {
      const page = await browser.page(server.url + path);
      await ready(page);
      await page.evaluate((script) => import(script).then(() => {}), `${server.url}/tests/web/package-page.js`);
      return (work, given) => page.evaluate(work, given);
    };
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came for ${PATIENCE / 1000} s`)), PATIENCE);
    });
    try {
      const figure = (what, value, unit = 'ms') => figures.push(`${what}: ${value.toFixed(0)} ${unit}`);
      const done = run({ tab: await open(), server, open, figure, model: server.add(file) });
      await Promise.race([done, late]);
    } catch (error) {
      failure = error.stack;
    }
    clearTimeout(timer);
    console.log(JSON.stringify({ check, failure, figures }));
    await browser.close();
    server.close();
  }
}
