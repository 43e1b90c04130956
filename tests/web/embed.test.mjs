/* Embeddings by the package in Node: node embed.test.mjs <folder of tests/vectors>. Prints a line of JSON for each
 * check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../../web/index.js';
import { printChecks } from './print_checks.mjs';

const folder = process.argv[2];
const about = JSON.parse(readFileSync(join(folder, 'embeddings/bert-f32.json')));
const text = about.inputs.find(({ name }) => name === 'text');
const open = (name) => loadModel(join(folder, name), { threads: 1 });
const encoder = await open('embeddings/bert-f32.gguf');
const decoder = await open('tiny-llama-f32.gguf');
const near = (a, b) => a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) < 1e-5);

/* llama.cpp's vector of the text's first token, which is this model's pooling. */
function truth() {
  const all = new Float32Array(new Uint8Array(readFileSync(join(folder, 'embeddings/bert-f32.f32'))).buffer);
  const row = about.inputs[0].ids.length + 3 + text.ids.length + 1;
  const values = all.slice(row * about.n_embd, (row + 1) * about.n_embd);
  return values.map((value) => value / Math.hypot(...values));
}

const rejects = (promise, pattern) =>
  assert.rejects(promise, (error) => error.name === 'RequestError' && pattern.test(error.message));

const checks = {
  async aTextHasLlamaCppsVector() {
    const row = await encoder.embed(text.text);
    assert.ok(row instanceof Float32Array && row.length === encoder.info.embeddingSize);
    const nmse = row.reduce((sum, value, i) => sum + (value - truth()[i]) ** 2, 0);
    assert.ok(nmse <= 1e-5, `${nmse}`);
    assert.deepEqual(await encoder.embed(text.ids), row);
  },
  async manyAtOnceAreAsEachAlone() {
    const rows = await encoder.embed(['a', text.text, text.ids]);
    assert.deepEqual(rows, [await encoder.embed('a'), await encoder.embed(text.text), rows[1]]);
  },
  async tokensHaveVectorsToo() {
    const rows = await encoder.embed(text.text, { pooling: 'none' });
    assert.equal(rows.length, text.ids.length);
    assert.ok(near(rows[0], await encoder.embed(text.text)));
    const long = await encoder.embed('a', { normalize: false });
    const short = await encoder.embed('a');
    assert.ok(Math.abs(Math.hypot(...short) - 1) < 1e-6 && Math.abs(Math.hypot(...long) - 1) > 1e-3);
  },
  async answersInOpenAIsShape() {
    const {
      data: [first, second],
      ...rest
    } = await encoder.embeddings.create({ model: 'x', input: ['a', text.text] });
    assert.deepEqual(rest, {
      object: 'list',
      model: encoder.info.name,
      usage: { prompt_tokens: 3 + text.ids.length, total_tokens: 3 + text.ids.length },
    });
    assert.deepEqual([first.object, first.index, second.index], ['embedding', 0, 1]);
    assert.deepEqual(second.embedding, Array.from(await encoder.embed(text.text)));
    const {
      data: [packed],
    } = await encoder.embeddings.create({ input: text.text, encoding_format: 'base64' });
    assert.deepEqual(
      Array.from(new Float32Array(new Uint8Array(Buffer.from(packed.embedding, 'base64')).buffer)),
      second.embedding,
    );
    const {
      data: [short],
    } = await encoder.embeddings.create({ input: text.text, dimensions: 8 });
    const length = Math.hypot(...second.embedding.slice(0, 8));
    assert.ok(
      near(
        short.embedding,
        second.embedding.slice(0, 8).map((value) => value / length),
      ),
    );
  },
  async decodersEmbedWhenTheyAreToldHow() {
    await rejects(decoder.embed('a'), /choose mean, cls, last or none/);
    const row = await decoder.embed('a b', { pooling: 'last' });
    const rows = await decoder.embed('a b', { pooling: 'none' });
    assert.deepEqual(rows.at(-1), row);
    const { data } = await decoder.embeddings.create({ input: 'a b', pooling: 'last' });
    assert.deepEqual(data[0].embedding, Array.from(row));
  },
  async encodersWriteNoText() {
    const why = /it computes embeddings .* and generates no text/;
    await rejects(encoder.chat.completions.create({ messages: [{ role: 'user', content: 'a' }] }), why);
    await rejects(encoder.completions.create({ prompt: 'a' }), why);
    await rejects(encoder.template([]), why);
    const session = await encoder.session();
    await assert.rejects(session.prefill([5]), /embedding instead/);
    assert.equal(encoder.info.encoder, true);
    assert.equal(decoder.info.encoder, false);
  },
  async wrongRequestsSayWhy() {
    for (const input of [undefined, [], {}, 1, [1.5], [['a']], ''])
      await (input === ''
        ? rejects(decoder.embed('', { pooling: 'mean' }), /empty/)
        : rejects(encoder.embeddings.create({ input }), /input must be a text/));
    await rejects(encoder.embed('a', { pooling: 'max' }), /pooling must be mean/);
    await rejects(encoder.embeddings.create({ input: 'a', dimensions: 33 }), /from 1 to 32/);
    await rejects(encoder.embeddings.create({ input: 'a', encoding_format: 'hex' }), /float or base64/);
    await rejects(encoder.embeddings.create({ input: 'a', pooling: 'none' }), /for each token/);
    await rejects(encoder.embed(new Array(161).fill(5)), /has 161 tokens, the model takes at most 160/);
    await assert.rejects(encoder.embed([1e9]), /there is no token/);
  },
  async canBeAborted() {
    await assert.rejects(encoder.embed('a', { signal: AbortSignal.abort() }), { name: 'AbortError' });
    const controller = new AbortController();
    const going = encoder.embed(new Array(2048).fill(new Array(160).fill(5)), { signal: controller.signal });
    setTimeout(() => controller.abort()); // seconds before the last of them
    await assert.rejects(going, { name: 'AbortError' });
    assert.equal((await encoder.embed('a')).length, 32);
  },
};

await printChecks(checks);
