/* Sources, journals and checksums in Node, where no browser is needed. Prints a line of JSON for each check, like
 * sources.test.mjs. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { openSource } from '../../web/sources/index.js';
import { urlsOf } from '../../web/sources/urls.js';
import { checksum } from '../../web/store/checksum.js';
import { BLOCK, Journal } from '../../web/store/journal.js';
import { Sha256 } from '../../web/store/sha256.js';
import { serve } from './server.js';

const DATA = randomBytes(50_000_001);
const SUM = createHash('sha256').update(DATA).digest('hex');
const bytesOf = (text) => new TextEncoder().encode(text);

/* Reads and compares everything. */
async function load(what, options) {
  const source = await openSource(what, options);
  const got = Buffer.alloc(DATA.length + 5);
  let at = 0;
  for (let count = -1; count !== 0; at += count) count = await source.read(got.subarray(at, at + (16 << 20)), at, 0);
  await source.finish();
  assert.ok(at === DATA.length && got.subarray(0, at).equals(DATA), 'the bytes differ');
  return source;
}

const checks = {
  async 'SHA-256 of any length in any pieces'() {
    assert.equal(
      new Sha256().update(bytesOf('abc')).hex(),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    ); // FIPS 180-4
    assert.equal(new Sha256().hex(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const length of [1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 100_000]) {
      const bytes = randomBytes(length);
      const hash = new Sha256();
      for (let at = 0, step = 1; at < length; at += step, step = (step * 7 + 3) % 201)
        hash.update(bytes.subarray(at, at + step));
      assert.equal(hash.hex(), createHash('sha256').update(bytes).digest('hex'), `${length} bytes`);
    }
  },

  async XXH32() {
    const known = {
      '': 0x02cc5d05,
      a: 0x550d7456,
      abc: 0x32d153ff,
      'Nobody inspects the spammish repetition': 0xe2293b2f,
    };
    for (const [text, sum] of Object.entries(known)) assert.equal(checksum(bytesOf(text)), sum, text);
    const bytes = randomBytes(1001);
    const shifted = new Uint8Array(1004).subarray(3);
    shifted.set(bytes);
    assert.equal(checksum(shifted), checksum(new Uint8Array(bytes)));
  },

  async "the address of a file's page"() {
    const [page, file] = [
      'https://huggingface.co/a/b/blob/main/x%20y.gguf',
      'https://huggingface.co/a/b/resolve/main/x%20y.gguf',
    ];
    assert.deepEqual(urlsOf({ url: page }), [file]);
    assert.deepEqual(urlsOf({ url: page.replace('huggingface.co', 'hf.co') }), [
      file.replace('huggingface.co', 'hf.co'),
    ]);
    assert.deepEqual(urlsOf({ urls: [page, file] }), [file, file]);
    for (const other of [
      'https://example.org/a/b/blob/main/x.gguf',
      'https://huggingface.co/a/blob/resolve/main/x.gguf',
    ])
      assert.deepEqual(urlsOf({ url: other }), [other]);
  },

  async 'a journal survives being torn anywhere'() {
    const journal = new Journal({ url: 'u', name: 'n', size: 3 * BLOCK - 1, etag: '"1"', parts: 1 });
    let text = journal.text;
    for (const block of [2, 0, 1]) text += journal.add(block, 1000 + block);
    text += journal.finish('ab');
    for (let end = 0; end <= text.length; end++) {
      const read = Journal.parse(text.slice(0, end));
      assert.equal(!!read?.commit, end === text.length);
      for (const [block, sum] of read?.sums ?? []) assert.equal(sum, 1000 + block);
    }
    const whole = Journal.parse(text);
    assert.deepEqual([whole.commit.sha256, whole.storedBytes, whole.whole], ['ab', 3 * BLOCK - 1, true]);
    assert.equal(Journal.parse(text.replace('1 3e9\n', '')).commit, null);
  },

  async 'by ranges, without, cut, of unknown size'({ server }) {
    for (const options of [
      {},
      { ranges: false },
      { ranges: false, sized: false },
      { rate: 50e6, cut: { after: 3e6 + 7, times: 3 } },
      { ranges: false, rate: 50e6, cut: { after: 9e6, times: 1 } },
    ]) {
      const file = server.add(DATA, options);
      await load({ url: file.url });
      await load({ url: file.url }, { sha256: SUM });
      await assert.rejects(load({ url: file.url }, { sha256: '0'.repeat(64) }), /its SHA-256 is/);
    }
  },

  async 'compressed, rejected, from mirrors'({ server }) {
    const gzip = { 'Content-Encoding': 'gzip' };
    for (const options of [
      { compress: 'each' },
      { compress: 'each', ranges: false },
      { content: gzipSync(DATA, { level: 1 }), headers: gzip },
      { content: gzipSync(DATA, { level: 1 }), headers: gzip, ranges: false },
      { reject: ({ method, headers }) => (method !== 'GET' || headers.range ? 403 : 0) },
      { rate: 50e6, mirrors: [{ ETag: '"1"' }, { ETag: 'W/"1"' }, { ETag: '"1-gzip"' }] },
      { rate: 50e6, mirrors: [{ ETag: '"a1"' }, { ETag: '"b7"' }] },
    ]) {
      const file = server.add(DATA, options);
      await load({ url: file.url }, { sha256: SUM });
    }
  },

  async 'what has been read makes room for what comes'({ server }) {
    const blocks = 160;
    const content = Buffer.alloc(blocks * BLOCK, DATA);
    const bytes = new Uint8Array(BLOCK);
    const Plain = globalThis.Uint8Array;
    for (const ranges of [true, false]) {
      let made = 0;
      globalThis.Uint8Array = class extends Plain {
        constructor(...args) {
          super(...args);
          if (args[0] === BLOCK) made++;
        }
      };
      try {
        const source = await openSource({ url: server.add(content, { ranges }).url });
        for (let at = 0; at < content.length; ) {
          const got = await source.read(bytes.subarray(at % BLOCK), at);
          assert.ok(
            content.subarray(at, at + got).equals(bytes.subarray(at % BLOCK, (at % BLOCK) + got)),
            `bytes at ${at} differ`,
          );
          at += got;
        }
        await source.close();
      } finally {
        globalThis.Uint8Array = Plain;
      }
      assert.ok(made < 60, `${made} blocks were taken for ${blocks}, ranges: ${ranges}`);
    }
  },

  async 'blobs, bytes and streams'() {
    assert.equal((await load({ files: [new Blob([DATA])] })).from, 'file');
    assert.equal((await load({ buffer: DATA })).from, 'memory');
    await load({ stream: new Blob([DATA]).stream() });
    await load({ stream: new Blob([DATA]).stream(), size: DATA.length }, { sha256: SUM });
  },

  async 'asks in the order that is expected'({ server }) {
    const file = server.add(DATA, { rate: 20e6 });
    const source = await openSource({ url: file.url });
    source.expect([
      [0, 100],
      [40e6, 2e6],
      [10e6, 2e6],
      [30e6, 2e6],
    ]);
    const bytes = new Uint8Array(1000);
    for (const at of [0, 40e6, 10e6, 30e6]) {
      assert.equal(await source.read(bytes, at), 1000);
      assert.ok(DATA.subarray(at, at + 1000).equals(bytes));
    }
    assert.ok(file.sent < 35e6, `${file.sent} bytes were sent`);
    await source.close();
  },

  async 'reads nothing of the rest when only the head was wanted'({ server }) {
    const file = server.add(DATA, { rate: 20e6 });
    const source = await openSource({ url: file.url });
    await source.read(new Uint8Array(1000), 0);
    await source.close();
    const { sent } = file;
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    assert.ok(file.sent - sent < 2e6 && sent < 20e6, `${sent}, then ${file.sent} bytes were sent`);
    await assert.rejects(source.read(new Uint8Array(10), 0), /has been closed/);
  },
};

const [name] = process.argv.slice(2);
if (name === 'list') {
  console.log(JSON.stringify(Object.keys(checks)));
} else {
  for (const [check, run] of Object.entries(checks)) {
    const server = await serve();
    const failure = await run({ server }).then(
      () => null,
      (error) => error.stack,
    );
    console.log(JSON.stringify({ check, failure }));
    server.close();
  }
}
