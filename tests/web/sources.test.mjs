/* Sources and storage in a browser: node sources.test.mjs chromium|firefox [check...]. Prints a line of JSON for
 * each check: its name and its error, or null. node sources.test.mjs list <browser> prints the names. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { start } from './browsers.mjs';
import { serve } from './server.js';

const [name, ...wanted] = process.argv.slice(2);
const SIZE = 24 * 1048576 + 12345;
const MIB = 1048576;

/* The same pseudo-random bytes for the same seed, here and in a page. */
function noise(size, seed) {
  const bytes = new Uint8Array(size);
  for (let i = 0, x = seed; i < size; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const DATA = Buffer.from(noise(SIZE, 1));
const SUM = hash(DATA);
const OTHER = Buffer.from(noise(SIZE, 2));
const PACKABLE = DATA.map((byte) => byte & 15); // to be compressed
const PACKED = gzipSync(PACKABLE);

/* In the page: a worker of that name gets a message, and its answer is returned. */
const ask = ([worker, script, message]) =>
  new Promise((resolve, reject) => {
    window.workers ??= {};
    window.workers[worker] ??= new Worker(script, { type: 'module' });
    const it = window.workers[worker];
    it.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
    it.onerror = (event) => reject(new Error(event.message ?? 'the worker failed'));
    it.postMessage(message);
  });

/* The same without waiting, because Puppeteer repeats an evaluation that it waits for if the page is reloaded. */
const begin = ([worker, script, message]) => {
  window.workers ??= {};
  window.workers[worker] ??= new Worker(script, { type: 'module' });
  const it = window.workers[worker];
  window.begun = new Promise((resolve) => {
    it.onmessage = ({ data }) => resolve(data.result);
  });
  it.postMessage(message);
};

class Visit {
  constructor(browser, server) {
    this.browser = browser;
    this.server = server;
    this.pages = [];
  }

  async open() {
    const page = await this.browser.page(`${this.server.url}/tests/web/blank.html`);
    this.pages.push(page);
    const script = `${this.server.url}/tests/web/sources-worker.js`;
    const tab = {
      page,
      main: ['main', script],
      ask: (...message) => page.evaluate(ask, ['main', script, message]),
      askOther: (...message) => page.evaluate(ask, ['other', script, message]),
      begun: () => page.evaluate(() => window.begun),
      load: (what, how) => tab.ask('load', what, how),
      reload: () => page.reload(),
    };
    return tab;
  }

  async close() {
    for (const page of this.pages.splice(0)) await page.close().catch(() => {});
  }
}

/* Reloads the page in the middle of a download; resolves to what is stored when the old worker has ended too. */
async function torn(tab, file) {
  await tab.reload();
  for (let sent = -1; sent !== file.sent; ) {
    sent = file.sent;
    await sleep(200);
  }
  file.rate = Infinity;
  return entry(tab, file.url);
}

function same(loaded, from, sums = [SUM]) {
  assert.equal(loaded.error, undefined, loaded.error);
  assert.deepEqual(loaded.sums, sums);
  if (from) assert.equal(loaded.from, from, `from the ${loaded.from}: ${loaded.notes.join('; ')}`);
}

const entry = async (tab, url) => (await tab.ask('list')).find((model) => model.url === url);
const until = async (condition) => {
  while (!condition()) await sleep(10);
};

/* Begins a slow download; resolves when `bytes` have been sent. tab.begun() is its outcome. */
async function underWay(tab, file, bytes) {
  file.rate = 6e6;
  await tab.page.evaluate(begin, [...tab.main, ['load', { url: file.url }]]);
  await until(() => file.sent >= bytes);
}

const checks = {
  async 'downloads, and loads again without the network'({ tab, server }) {
    const file = server.add(DATA);
    const first = await tab.load({ url: file.url }, { memory: 'shared' });
    same(first, 'network');
    assert.equal(first.size, SIZE);
    assert.deepEqual(first.splits, [{ name: 'model.gguf', size: SIZE }]);
    assert.deepEqual(first.notes, []);
    assert.deepEqual(first.progress, { loaded: SIZE, total: SIZE });
    assert.ok(file.requests.length > 1 && file.requests.every(({ status }) => status === 206));
    assert.ok(file.sent === SIZE, `${file.sent} bytes were sent`);
    const kept = await entry(tab, file.url);
    assert.deepEqual(
      [kept.name, kept.size, kept.bytes, kept.complete, kept.etag],
      ['model.gguf', SIZE, SIZE, true, '"1"'],
    );
    const before = file.requests.length;
    file.offline = true;
    const second = await tab.load({ url: file.url }, { memory: 'shared' });
    const third = await tab.load({ url: file.url }, { backwards: true });
    file.offline = false;
    same(second, 'store');
    same(third, 'store');
    assert.deepEqual(second.progress, { loaded: SIZE, total: SIZE });
    assert.equal(file.requests.length, before);
  },

  async 'offline after a reload'({ tab, server }) {
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }), 'network');
    await tab.reload();
    const before = file.requests.length;
    same(await tab.load({ url: file.url }), 'store');
    assert.equal(file.requests.length, before);
  },

  async 'asks for changes only when told to'({ tab, server }) {
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }));
    same(await tab.load({ url: file.url }, { options: { revalidate: true } }), 'store');
    file.etag = '"2"';
    file.content = OTHER;
    same(await tab.load({ url: file.url }), 'store');
    const again = await tab.load({ url: file.url }, { options: { revalidate: true } });
    same(again, 'network', [hash(OTHER)]);
    assert.match(again.notes[0], /changed on the server/);
    same(await tab.load({ url: file.url }), 'store', [hash(OTHER)]);
  },

  async 'in any order'({ tab, server }) {
    const file = server.add(DATA);
    const loaded = await tab.load({ url: file.url }, { backwards: true, options: { cache: false } });
    same(loaded, 'network');
    assert.equal(await entry(tab, file.url), undefined);
    same(await tab.load({ url: file.url }, { backwards: true }), 'network');
    same(await tab.load({ url: file.url }), 'store');
  },

  async 'resumes after the connection was cut'({ tab, server }) {
    const file = server.add(DATA, { rate: 20e6, cut: { after: 1_500_000, times: 5 } });
    same(await tab.load({ url: file.url }), 'network');
    assert.ok(
      file.requests.filter(({ range }) => Number(range.slice(6).split('-')[0]) % MIB).length >= 3,
      'from the byte reached',
    );
    same(await tab.load({ url: file.url }), 'store');
  },

  async 'tries again when the server is busy'({ tab, server }) {
    const file = server.add(DATA, { failures: [503, 429] });
    same(await tab.load({ url: file.url }), 'network');
  },

  async 'resumes after a reload'({ tab, server }) {
    const file = server.add(DATA);
    await underWay(tab, file, 12 * MIB);
    const { complete, bytes } = await torn(tab, file);
    assert.ok(!complete && bytes >= 6 * MIB && bytes < SIZE, `${bytes} bytes were kept`);
    const before = file.sent;
    const loaded = await tab.load({ url: file.url });
    same(loaded, 'network');
    assert.equal(file.sent - before, SIZE - bytes);
    same(await tab.load({ url: file.url }), 'store');
  },

  async 'a torn download is no model'({ tab, server }) {
    const file = server.add(DATA);
    await underWay(tab, file, 6 * MIB);
    await torn(tab, file);
    file.offline = true;
    const loaded = await tab.load({ url: file.url });
    file.offline = false;
    assert.match(loaded.error, /model\.gguf: no connection/);
    assert.ok(!(await entry(tab, file.url)).complete);
  },

  async 'all bytes without the commit record need no network'({ tab, server }) {
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }));
    const { key } = await entry(tab, file.url);
    await tab.ask('spoil', key, '0.journal', { size: -5 });
    assert.ok(!(await entry(tab, file.url)).complete);
    file.offline = true;
    const loaded = await tab.load({ url: file.url });
    file.offline = false;
    same(loaded);
    assert.match(loaded.notes[0], /the server cannot be asked .* the stored bytes are used/);
    assert.ok((await entry(tab, file.url)).complete);
  },

  async 'the file changed since the download was torn'({ tab, server }) {
    const file = server.add(DATA);
    await underWay(tab, file, 10 * MIB);
    await torn(tab, file);
    Object.assign(file, { etag: '"2"', content: OTHER });
    const loaded = await tab.load({ url: file.url });
    same(loaded, 'network', [hash(OTHER)]);
    assert.match(loaded.notes[0], /model\.gguf has changed on the server/);
    same(await tab.load({ url: file.url }), 'store', [hash(OTHER)]);
  },

  async 'the file changes during the download'({ tab, server }) {
    for (let round = 0; round < 20; round++) {
      const file = server.add(Buffer.concat([DATA, DATA]));
      await underWay(tab, file, 2 * MIB);
      Object.assign(file, { rate: Infinity, etag: '"2"', content: OTHER });
      assert.match(
        (await tab.begun()).error,
        /model\.gguf: the file changed on the server while it was being downloaded/,
      );
      assert.equal(await entry(tab, file.url), undefined, `round ${round}`);
    }
  },

  async 'a copy that cannot be deleted is an error'({ tab, server }) {
    const file = server.add(DATA);
    const wrong = { options: { sha256: '0'.repeat(64) } };
    same(await tab.load({ url: file.url }), 'network');
    same(await tab.load({ url: file.url }, { hold: true }), 'store');
    const { error } = await tab.askOther('load', { url: file.url }, wrong);
    assert.match(
      error,
      /its SHA-256 is .*; the stored copy [0-9a-f]{32} could not be deleted: another tab is using it/,
    );
    await tab.reload();
    assert.match((await tab.load({ url: file.url }, wrong)).error, /nothing of it is stored/);
    assert.equal(await entry(tab, file.url), undefined);
  },

  async 'damaged bytes are fetched again'({ tab, server }) {
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }));
    const { key } = await entry(tab, file.url);
    await tab.ask('spoil', key, '0.data', { at: 7 * MIB + 5, bytes: 'damage' });
    const before = file.sent;
    const loaded = await tab.load({ url: file.url });
    same(loaded);
    assert.match(loaded.notes[0], /model\.gguf is damaged at byte 7340032/);
    assert.ok(file.sent - before <= MIB, `${file.sent - before} bytes were sent`);
    const more = file.requests.length;
    const healed = await tab.load({ url: file.url });
    same(healed, 'store');
    assert.deepEqual(healed.notes, []);
    assert.equal(file.requests.length, more);
  },

  async 'damaged bytes without the network are an error'({ tab, server }) {
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }));
    const { key } = await entry(tab, file.url);
    await tab.ask('spoil', key, '0.data', { at: -1, bytes: '\u0001' });
    file.offline = true;
    const loaded = await tab.load({ url: file.url });
    file.offline = false;
    assert.match(loaded.error, /model\.gguf: no connection/);
  },

  async 'a file of another length is fetched again'({ tab, server }) {
    const file = server.add(DATA);
    for (const size of [-3, SIZE + 1]) {
      same(await tab.load({ url: file.url }));
      const { key } = await entry(tab, file.url);
      await tab.ask('spoil', key, '0.data', { size });
      const loaded = await tab.load({ url: file.url });
      same(loaded, 'network');
      assert.match(loaded.notes[0], /has \d+ bytes instead of/);
    }
    same(await tab.load({ url: file.url }), 'store');
  },

  async 'a spoiled journal'({ tab, server }) {
    const file = server.add(DATA);
    for (const spoiled of [
      { at: 0, bytes: 'nonsense' },
      { at: 0, bytes: '{"version":1,"size":-7}\n' },
      { size: 1 },
      { at: -40, bytes: '\n99999999 ff\n7 zz\n' },
    ]) {
      same(await tab.load({ url: file.url }));
      const { key } = await entry(tab, file.url);
      await tab.ask('spoil', key, '0.journal', spoiled);
      same(await tab.load({ url: file.url }));
    }
    same(await tab.load({ url: file.url }), 'store');
  },

  async sha256({ tab, server }) {
    const file = server.add(DATA);
    const right = { options: { sha256: SUM.toUpperCase() } };
    const wrong = { options: { sha256: '0'.repeat(64) } };
    const refused = await tab.load({ url: file.url }, wrong);
    assert.match(refused.error, /model\.gguf: its SHA-256 is [0-9a-f]{64}, not 0{64}/);
    assert.equal(await entry(tab, file.url), undefined);
    assert.match(
      (await tab.load({ url: file.url }, { options: { ...wrong.options, cache: false } })).error,
      /its SHA-256/,
    );
    same(await tab.load({ url: file.url }, { options: { ...right.options, cache: false } }), 'network');
    same(await tab.load({ url: file.url }), 'network');
    same(await tab.load({ url: file.url }, right), 'store');
    assert.match((await tab.load({ url: file.url }, wrong)).error, /its SHA-256/);
    same(await tab.load({ url: file.url }, { ...right, backwards: true }), 'network');
    assert.equal((await entry(tab, file.url)).sha256, SUM);
    same(await tab.load({ url: file.url }, right), 'store');
  },

  async 'two tabs'({ tab, server, open }) {
    const file = server.add(DATA);
    await underWay(tab, file, 4 * MIB);
    const second = await open();
    const loadingToo = second.load({ url: file.url });
    await until(() => file.requests.filter(({ range }) => range.startsWith('bytes=0-')).length === 2);
    file.rate = Infinity;
    const [one, two] = await Promise.all([tab.begun(), loadingToo]);
    same(one, 'network');
    same(two, 'network');
    assert.match(two.notes[0], /another tab is storing this model/);
    const held = await tab.load({ url: file.url }, { hold: true });
    same(held, 'store');
    same(await second.load({ url: file.url }), 'store');
    const { key } = await entry(second, file.url);
    assert.match(await second.ask('delete', key), /in use/);
    await tab.reload();
    assert.equal(await second.ask('delete', key), 'deleted');
    assert.equal(await entry(second, file.url), undefined);
  },

  async 'bytes without a commit record do not count'({ tab, server }) {
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }, { hold: true }), 'network'); // read, but not said to be valid
    await tab.reload();
    const kept = await entry(tab, file.url);
    assert.ok(!kept.complete && kept.bytes > 0, `${kept.bytes} bytes`);
    Object.assign(file, { etag: '"2"', content: OTHER });
    same(await tab.load({ url: file.url }), 'network', [hash(OTHER)]);
    same(await tab.load({ url: file.url }), 'store', [hash(OTHER)]);
  },

  async 'a server without ranges'({ tab, server }) {
    const file = server.add(DATA, { ranges: false });
    const first = await tab.load({ url: file.url });
    same(first, 'network');
    assert.equal(file.requests.length, 1);
    same(await tab.load({ url: file.url }), 'store');
  },

  async 'a server without ranges, cut, torn and out of order'({ tab, server }) {
    const file = server.add(DATA, { ranges: false, cut: { after: 9 * MIB, times: 1 } });
    same(await tab.load({ url: file.url }, { options: { cache: false } }), 'network');
    await underWay(tab, file, file.sent + 6 * MIB);
    assert.ok((await torn(tab, file)).bytes > MIB);
    same(await tab.load({ url: file.url }, { backwards: true }), 'network');
    same(await tab.load({ url: file.url }), 'store');
    const big = server.add(Buffer.concat([DATA, OTHER]), { ranges: false });
    const refused = await tab.load({ url: big.url }, { backwards: true, options: { cache: false } });
    assert.match(refused.error, /byte \d+ has passed, the server gives no ranges/);
  },

  async 'a server that tells no size'({ tab, server }) {
    const file = server.add(DATA, { ranges: false, sized: false, etag: '' });
    const loaded = await tab.load({ url: file.url });
    same(loaded, 'network');
    assert.equal(loaded.size, 0);
    assert.match(loaded.notes[0], /does not tell the size/);
  },

  async 'another origin that shows no headers'({ tab }) {
    const other = await serve();
    try {
      const file = other.add(DATA, { cors: { 'Access-Control-Allow-Origin': '*' } });
      same(await tab.load({ url: file.url }), 'network');
      assert.ok(file.requests.filter(({ status }) => status === 206).length > 1);
      const small = other.add(DATA.subarray(0, 1000), { cors: { 'Access-Control-Allow-Origin': '*' } });
      same(await tab.load({ url: small.url }), 'network', [hash(DATA.subarray(0, 1000))]);
      same(await tab.load({ url: small.url }), 'store', [hash(DATA.subarray(0, 1000))]);
      same(await tab.load({ url: file.url }), 'store');
      const closed = other.add(DATA);
      assert.match((await tab.load({ url: closed.url })).error, /not allowed by the server for this page/);
    } finally {
      other.close();
    }
  },

  async 'several files'({ tab, server }) {
    const parts = [DATA, OTHER, DATA.subarray(0, 1000)];
    const files = parts.map((bytes, i) => server.add(bytes, { name: `m-0000${i + 1}-of-00003.gguf` }));
    const what = { urls: files.map(({ url }) => url) };
    const sums = parts.map(hash);
    const first = await tab.load(what);
    same(first, 'network', sums);
    assert.deepEqual(
      first.splits.map(({ size }) => size),
      parts.map(({ length }) => length),
    );
    for (const file of files) file.offline = true;
    same(await tab.load(what), 'store', sums);
    for (const file of files) file.offline = false;
    const kept = await entry(tab, files[0].url);
    assert.deepEqual([kept.size, kept.bytes, kept.complete], [2 * SIZE + 1000, 2 * SIZE + 1000, true]);
    await tab.ask('spoil', kept.key, '1.data', { at: 5, bytes: 'damage' });
    same(await tab.load(what), undefined, sums);
    same(await tab.load(what), 'store', sums);
  },

  async 'finds the other files of a repository'({ tab, server }) {
    const parts = [DATA, OTHER];
    const base = server.folder(
      parts.map((bytes, i) => [`/some/model/resolve/main/m-0000${i + 1}-of-00002.gguf`, bytes]),
    );
    const what = { repo: 'some/model', file: 'm-00001-of-00002.gguf', endpoint: base };
    const loaded = await tab.load(what);
    same(loaded, 'network', parts.map(hash));
    assert.equal(loaded.splits[1].name, 'm-00002-of-00002.gguf');
  },

  async 'a server that compresses the transfer'({ tab, server }) {
    const sums = [hash(PACKABLE)];
    const gzip = { 'Content-Encoding': 'gzip' };
    for (const file of [
      server.add(PACKABLE, { compress: 'each' }),
      server.add(PACKABLE, { compress: 'each', ranges: false }),
      server.add(PACKED, { headers: gzip }), // ranges of the compressed file
      server.add(PACKED, { headers: gzip, ranges: false }),
    ]) {
      const loaded = await tab.load({ url: file.url });
      same(loaded, 'network', sums);
      assert.match(
        loaded.notes.join(),
        /compresses the transfer \(Content-Encoding: gzip\): the model will not be stored/,
      );
      same(await tab.load({ url: file.url }, { options: { revalidate: true } }), 'network', sums);
      assert.equal(await entry(tab, file.url), undefined);
    }
  },

  async 'another origin that hides that it compresses'({ tab }) {
    const other = await serve();
    const cors = { 'Access-Control-Allow-Origin': '*' };
    const shown = { ...cors, 'Access-Control-Expose-Headers': 'Content-Range, ETag' };
    const gzip = { 'Content-Encoding': 'gzip' };
    try {
      for (const options of [{ cors }, { cors: shown }, { cors, ranges: false }]) {
        for (const file of [
          other.add(PACKABLE, { ...options, compress: 'each' }),
          other.add(PACKED, { ...options, headers: gzip }),
        ]) {
          for (let visit = 0; visit < 2; visit++) {
            const loaded = await tab.load({ url: file.url });
            if (loaded.error) assert.match(loaded.error, /compresses the transfer \(Content-Encoding\)/);
            else same(loaded, undefined, [hash(PACKABLE)]);
            const kept = await entry(tab, file.url);
            assert.ok(!kept?.complete || kept.size === SIZE, JSON.stringify(kept));
          }
        }
      }
    } finally {
      other.close();
    }
  },

  async 'a server that rejects range requests, HEAD and OPTIONS'({ tab, server }) {
    const other = await serve();
    const cors = { 'Access-Control-Allow-Origin': '*' };
    const only = (status) => (request) =>
      request.method !== 'GET' || (request.headers.range && status !== 204) ? status : 0;
    try {
      for (const status of [400, 403, 405, 501]) {
        for (const file of [
          server.add(DATA, { reject: only(status) }),
          other.add(DATA, { reject: only(status), cors }),
          other.add(DATA, { reject: ({ method }) => (method === 'GET' ? 0 : status), cors }),
        ]) {
          const loaded = await tab.load({ url: file.url });
          same(loaded, 'network');
          same(await tab.load({ url: file.url }), 'store');
          const asked = await tab.load({ url: file.url }, { options: { revalidate: true } });
          same(asked, 'store');
          assert.deepEqual(asked.notes, [], file.url);
        }
      }
    } finally {
      other.close();
    }
  },

  async 'signed URLs that change at each visit'({ tab, server }) {
    let signature = 1;
    const signed = ({ method, url }) =>
      method === 'GET' && new URL(url, server.url).search === `?signature=${signature}` ? 0 : 403;
    const file = server.add(DATA, { reject: signed });
    const visit = (options) => tab.load({ url: `${file.url}?signature=${signature}` }, { options });
    same(await visit({ key: 'my model' }), 'network');
    signature = 2;
    same(await visit({ key: 'my model', revalidate: true }), 'store');
    const [kept, ...others] = (await tab.ask('list')).filter(({ url }) => url.startsWith(file.url));
    assert.deepEqual([kept.url, kept.name, others.length], [file.url, 'model.gguf', 0]);
    same(await visit({ key: 'another' }), 'network');
    same(await visit({}), 'network');
    assert.match((await tab.load({ url: `${file.url}?signature=1` })).error, /the server answered 403 Forbidden/);
  },

  async 'ETags that vary by encoding or by mirror'({ tab, server }) {
    const date = (minute) => ({ 'Last-Modified': `Wed, 21 Oct 2015 07:${minute}:00 GMT`, ETag: '' });
    for (const [visit, mirrors] of Object.entries([
      [{ ETag: '"1"' }, { ETag: 'W/"1"' }, { ETag: '"1-gzip"' }, { ETag: 'W/"1;gzip"' }],
      [{ ETag: '"a1"' }, { ETag: '"b7"' }],
      [date(10), date(11)],
    ])) {
      const file = server.add(DATA, { mirrors });
      await underWay(tab, file, 6 * MIB);
      assert.ok((await torn(tab, file)).bytes > 2 * MIB);
      const before = file.requests.length;
      const loaded = await tab.load({ url: file.url });
      same(loaded, 'network');
      assert.deepEqual(loaded.notes, []);
      const resumed = file.requests.slice(before).map(({ range }) => range);
      assert.ok(!resumed.includes('bytes=0-8388607'), `${visit}: ${resumed}`);
      for (let again = 0; again < 2; again++) {
        const before = file.sent;
        same(await tab.load({ url: file.url }, { options: { revalidate: true } }));
        assert.ok(file.sent - before <= 4 * MIB, `${visit}: ${file.sent - before} bytes to ask for changes`);
      }
    }
  },

  async 'a new version of the same size is no mirror'({ tab, server }) {
    const content = Buffer.from(DATA);
    const file = server.add(content);
    same(await tab.load({ url: file.url }));
    content[SIZE - 5] ^= 1; // in the last block
    file.etag = '"2"';
    const sums = [hash(content)];
    same(await tab.load({ url: file.url }, { options: { revalidate: true } }), 'network', sums);
    same(await tab.load({ url: file.url }), 'store', sums);
    const changing = server.add(DATA);
    await underWay(tab, changing, 6 * MIB);
    Object.assign(changing, { rate: Infinity, etag: '"2"', content: OTHER });
    assert.match((await tab.begun()).error, /the file changed on the server while it was being downloaded/);
    assert.equal(await entry(tab, changing.url), undefined);
  },

  async 'servers that are wrong about ranges'({ tab, server }) {
    const whole = (bytes, asked, headers) => ({ status: asked ? 206 : 200, headers, body: bytes });
    const part = (bytes, [start, end]) => ({
      status: 206,
      headers: { 'Content-Range': `bytes ${start}-${end - 1}/${bytes.length}` },
      body: bytes.subarray(start, end),
    });
    const lies = {
      'the whole file as a part': whole,
      'the whole file as a part of its size': (bytes, asked) =>
        whole(bytes, asked, { 'Content-Range': `bytes 0-${bytes.length - 1}/${bytes.length}` }),
      'a part even of a plain request': (bytes) => part(bytes, [0, bytes.length]),
      'at most 1 MiB': (bytes, asked) =>
        asked ? part(bytes, [asked[0], Math.min(asked[1], asked[0] + MIB)]) : whole(bytes),
      'at most 1 MiB, without Content-Range': (bytes, asked) =>
        asked ? whole(bytes.subarray(asked[0], Math.min(asked[1], asked[0] + MIB)), asked) : whole(bytes),
      'several parts': (bytes, asked) =>
        asked
          ? {
              status: 206,
              headers: { 'Content-Type': 'multipart/byteranges; boundary=X' },
              body: Buffer.concat([Buffer.from('--X\r\n\r\n'), part(bytes, asked).body, Buffer.from('\r\n--X--')]),
            }
          : whole(bytes),
    };
    const other = await serve();
    try {
      for (const [what, lie] of Object.entries(lies)) {
        for (const file of [
          server.add(DATA, { lie }),
          other.add(DATA, { lie, cors: { 'Access-Control-Allow-Origin': '*' } }),
        ]) {
          same(await tab.load({ url: file.url }), 'network');
          same(await tab.load({ url: file.url }), 'store');
          assert.equal((await entry(tab, file.url)).size, SIZE, what);
        }
      }
    } finally {
      other.close();
    }
  },

  async 'a Content-Encoding that is no compression'({ tab, server }) {
    for (const coding of ['aws-chunked', 'utf-8', 'identity', 'none']) {
      const file = server.add(DATA, { headers: { 'Content-Encoding': coding } });
      const loaded = await tab.load({ url: file.url });
      same(loaded, 'network');
      assert.deepEqual(loaded.notes, [], coding);
      same(await tab.load({ url: file.url }), 'store');
    }
  },

  async 'an ETag of its own for each answer'({ tab, server }) {
    const mirrors = Array.from({ length: 1000 }, (_, i) => ({ ETag: `"${i}"` }));
    const file = server.add(DATA, { mirrors });
    await underWay(tab, file, 6 * MIB);
    assert.ok((await torn(tab, file)).bytes > 2 * MIB);
    const loaded = await tab.load({ url: file.url });
    same(loaded, 'network');
    assert.deepEqual(loaded.notes, []);
    same(await tab.load({ url: file.url }), 'store');
    const changed = server.add(DATA, { mirrors: [...mirrors] });
    await underWay(tab, changed, 6 * MIB);
    await torn(tab, changed);
    changed.content = OTHER;
    same(await tab.load({ url: changed.url }), 'network', [hash(OTHER)]);
  },

  async 'what is in the browser anyway is not stored'({ tab }) {
    const text = `data:application/octet-stream;base64,${DATA.subarray(0, 1000).toString('base64')}`;
    const blob = await tab.page.evaluate((from) => {
      const bytes = Uint8Array.from(atob(from.split(',')[1]), (each) => each.charCodeAt(0));
      return URL.createObjectURL(new Blob([bytes]));
    }, text);
    const before = (await tab.ask('list')).length;
    for (const url of [text, blob]) {
      const loaded = await tab.load({ url });
      same(loaded, 'network', [hash(DATA.subarray(0, 1000))]);
      assert.deepEqual(loaded.notes, []);
    }
    assert.equal((await tab.ask('list')).length, before);
  },

  async 'hashes of files that are not downloaded'({ tab }) {
    const outcomes = await tab.page.evaluate(
      async ([script, right]) => {
        const load = (what, sha256) =>
          new Promise((resolve) => {
            const worker = new Worker(script, { type: 'module' });
            worker.onmessage = ({ data }) => resolve(data.result.error ?? data.result.from);
            worker.postMessage(['load', what, { options: { sha256 } }]);
          });
        const bytes = new TextEncoder().encode('GGUF');
        const file = new File([bytes], 'a.gguf');
        const wrong = '0'.repeat(64);
        return [
          await load({ files: [file] }, right),
          await load({ buffer: bytes }, right),
          await load({ files: [file, file] }, [right, wrong]),
          await load({ buffer: bytes }, wrong),
          await load({ files: [file, file] }, right),
        ];
      },
      [`${tab.main[1]}`, hash(Buffer.from('GGUF'))],
    );
    assert.deepEqual(outcomes.slice(0, 2), ['file', 'memory']);
    assert.match(outcomes[2], /^a\.gguf: its SHA-256 is [0-9a-f]{64}, not 0{64}$/);
    assert.match(outcomes[3], /^the file: its SHA-256 is/);
    assert.equal(outcomes[4], 'the option sha256 needs a hash for each file: it has 1, and the model has 2');
  },

  async 'files, bytes and streams'({ tab, server }) {
    const loads = await tab.page.evaluate(
      async ([script, size, noise]) => {
        const bytes = new Function(`return ${noise}`)()(size, 1);
        const load = (what, transfer = []) =>
          new Promise((resolve, reject) => {
            const worker = new Worker(script, { type: 'module' });
            worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.result));
            worker.postMessage(['load', what, { memory: 'shared' }], transfer);
          });
        const stream = (more) => {
          const body = new Blob([bytes]).stream();
          return load({ stream: body, ...more }, [body]);
        };
        return [
          await load({ files: [new File([bytes], 'a.gguf'), new Blob([bytes.subarray(0, 10)])] }),
          await load({ buffer: bytes }),
          await load({ buffer: bytes.buffer }),
          await stream({ size }),
          await stream({}),
          await stream({ size: size + 1 }),
        ];
      },
      [`${server.url}/tests/web/sources-worker.js`, SIZE, noise.toString()],
    );
    same(loads[0], 'file', [SUM, hash(DATA.subarray(0, 10))]);
    assert.deepEqual(loads[0].splits, [
      { name: 'a.gguf', size: SIZE },
      { name: '', size: 10 },
    ]);
    for (const at of [1, 2]) same(loads[at], 'memory');
    for (const at of [3, 4]) same(loads[at], 'network');
    assert.match(loads[5].error, /the stream: the connection ended at byte/);
  },

  async abort({ tab, server }) {
    const file = server.add(DATA, { rate: 2e6 });
    const aborted = await tab.load({ url: file.url }, { abortAfter: 700 });
    assert.equal(aborted.kind, 'AbortError');
    await file.quiet();
    assert.ok(file.sent < SIZE, 'the connections ended');
    file.failures = Array(9).fill(503);
    const waiting = await tab.load({ url: file.url }, { abortAfter: 200 });
    assert.equal(waiting.kind, 'AbortError');
    assert.ok(file.failures.length, 'no more is asked for');
    Object.assign(file, { failures: [], rate: Infinity });
    same(await tab.load({ url: file.url }), 'network');
  },

  async 'errors name the URL and the status'({ tab, server }) {
    assert.equal(
      (await tab.load({ url: `${server.url}/nothing/model.gguf` })).error,
      `${server.url}/nothing/model.gguf: the server answered 404 Not Found`,
    );
    const empty = server.add(Buffer.alloc(0));
    assert.equal((await tab.load({ url: empty.url })).error, `${empty.url}: the file is empty`);
    const nothing = server.add(DATA, { lie: () => ({ status: 204, body: Buffer.alloc(0) }) });
    assert.equal((await tab.load({ url: nothing.url })).error, `${nothing.url}: the file is empty`);
  },

  async 'without a file system, in the Cache API'({ tab, server }) {
    await tab.ask('withoutFiles');
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }), 'network');
    const before = file.requests.length;
    same(await tab.load({ url: file.url }), 'store');
    same(await tab.load({ url: file.url }, { backwards: true }), 'store');
    assert.equal(file.requests.length, before);
    const other = server.add(OTHER);
    await underWay(tab, other, 10 * MIB);
    const { key, bytes, complete } = await torn(tab, other);
    assert.ok(!complete && bytes > 2 * MIB, `${bytes} bytes were kept`);
    await tab.ask('withoutFiles');
    const { sent } = other;
    const loaded = await tab.load({ url: other.url });
    same(loaded, 'network', [hash(OTHER)]);
    assert.deepEqual(loaded.notes, []);
    assert.equal(other.sent - sent, SIZE - bytes);
    assert.equal(await tab.ask('delete', key), 'deleted');
    assert.equal(await entry(tab, other.url), undefined);
  },

  async 'a slow store has all of it when the source is closed'({ tab, server }) {
    await tab.ask('withoutFiles', 40);
    const file = server.add(DATA);
    same(await tab.load({ url: file.url }), 'network');
    same(await tab.load({ url: file.url }), 'store');
  },
};

/* Each browser has its own way to limit the storage. */
const scarce = {
  async chromium(work, { tab, server }) {
    const session = await tab.page.context().newCDPSession(tab.page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: 10e6 });
    await work(tab);
    await session.send('Storage.overrideQuotaForOrigin', { origin: server.url });
  },
  async firefox(work, { server }) {
    const small = await start(name, {
      'dom.quotaManager.temporaryStorage.fixedLimit': 40_000 /* KB for all sites; each gets a share */,
    });
    const visit = new Visit(small, server);
    try {
      await work(await visit.open());
    } finally {
      await small.close();
    }
  },
};

checks['quota exceeded: goes on without storing'] = async ({ tab, server }) => {
  const file = server.add(DATA);
  await scarce[name](
    async (it) => {
      const loaded = await it.load({ url: file.url });
      same(loaded, 'network');
      assert.deepEqual(loaded.notes, ['the model is not stored in this browser: the storage is full']);
      assert.equal(await entry(it, file.url), undefined);
      same(await it.load({ url: file.url }), 'network');
    },
    { tab, server },
  );
  same(await tab.load({ url: file.url }), 'network');
  same(await tab.load({ url: file.url }), 'store');
};

/* Firefox's driver does not report the requests of workers. */
if ((name === 'list' ? wanted[0] : name) === 'chromium') {
  checks['requests that were read to their end are not shown as canceled'] = async ({ tab, server }) => {
    const ended = { requestfinished: 0, requestfailed: 0 };
    const file = server.add(DATA);
    for (const event of Object.keys(ended))
      tab.page.on(event, (request) => {
        if (request.url() === file.url) ended[event]++;
      });
    same(await tab.load({ url: file.url }), 'network');
    same(await tab.load({ url: file.url }, { options: { cache: false, revalidate: true } }), 'network');
    same(await tab.load({ url: file.url }, { options: { revalidate: true } }), 'store');
    await until(() => ended.requestfinished + ended.requestfailed === file.requests.length);
    assert.deepEqual(ended, { requestfinished: file.requests.length, requestfailed: 0 });
  };
}

if (name === 'list') {
  console.log(JSON.stringify(Object.keys(checks)));
} else {
  const browser = await start(name);
  try {
    for (const [check, run] of Object.entries(checks)) {
      if (wanted.length && !wanted.includes(check)) continue;
      const server = await serve();
      const visit = new Visit(browser, server);
      const begun = performance.now();
      let failure = null;
      try {
        await run({ tab: await visit.open(), server, open: () => visit.open() });
      } catch (error) {
        failure = error.stack;
      }
      console.log(JSON.stringify({ check, failure, ms: Math.round(performance.now() - begun) }));
      await visit.close();
      server.close();
    }
  } finally {
    await browser.close();
  }
}
