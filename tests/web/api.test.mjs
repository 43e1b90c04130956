/* The package in Node: node api.test.mjs <model.gguf> <question and the command line's greedy answer, as JSON>.
 * Prints a line of JSON for each check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { StopText } from '../../web/api/stop-text.js';
import { Engine } from '../../web/engine.js';
import { loadModel } from '../../web/index.js';
import { readTensors } from '../../web/worker/loading.js';
import { serve } from './server.js';

const [file, answer] = process.argv.slice(2);
const { question, text } = JSON.parse(answer);
const messages = [{ role: 'user', content: question }];
const greedy = { messages, temperature: 0, max_tokens: 24 };
const server = await serve();
const model = await loadModel(file, { contextSize: 512, threads: 1 });
const create = (request, options) => model.chat.completions.create(request, options);

const checks = {
  stopsAreFoundHoweverTheyAreCut() {
    for (const stop of ['END', 'aab', 'aaaa']) {
      const whole = `xaEaab ${stop} rest`;
      for (let size = 1; size < 6; size++) {
        const stops = new StopText([stop]);
        let shown = '';
        for (let at = 0; at < whole.length; at += size) shown += stops.push(whole.slice(at, at + size));
        assert.equal(shown + stops.flush(), whole.slice(0, whole.indexOf(stop)));
      }
    }
    const open = new StopText(['abc']);
    assert.equal(open.push('xab') + open.flush(), 'xab');
  },
  async saysWhatTheCommandLineSays() {
    const whole = await create(greedy);
    assert.equal(whole.object, 'chat.completion');
    assert.equal(whole.choices[0].message.content, text);
    let streamed = '';
    let usage;
    for await (const chunk of await create({ ...greedy, stream: true, stream_options: { include_usage: true } })) {
      assert.equal(chunk.object, 'chat.completion.chunk');
      streamed += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(streamed, text);
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  },
  async reportsProgress() {
    for (const stream of [false, true]) {
      const progress = [];
      const seen = [];
      const request = { messages: [{ role: 'user', content: 'word '.repeat(200) }], max_tokens: 1, stream };
      const answer = await create(request, { onProgress: (each) => progress.push(each) });
      if (stream) for await (const chunk of answer) seen.push(chunk);
      const { total } = progress[0];
      assert.ok(total > 200 && progress.length > (stream ? 1 : 2));
      assert.deepEqual([progress[0].processed, progress.at(-1).processed], [0, total]);
      assert.equal(progress.at(-1).cache > 200, stream); /* the second request repeats the first one */
      assert.ok(!seen.some((chunk) => 'prompt_progress' in chunk));
    }
    for await (const chunk of await create({ ...greedy, stream: true, return_progress: true })) {
      assert.equal(chunk.prompt_progress.processed, 0);
      break;
    }
    await assert.rejects(create({ messages, logit_bias: { 999999: 1 } }), {
      name: 'RequestError',
      param: 'logit_bias',
    });
    await assert.rejects(model.completions.create({ prompt: [2 ** 30] }), { name: 'RequestError', param: 'prompt' });
  },
  async detokenizesToBytes() {
    const ids = await model.tokenize('🌞');
    const pieces = [];
    for (const id of ids) pieces.push(...(await model.detokenize([id], { bytes: true })));
    assert.ok(ids.length > 1);
    assert.equal(new TextDecoder().decode(Uint8Array.from(pieces)), '🌞');
  },
  async stopsAtAStopString() {
    const stop = text.slice(8, 14);
    const {
      choices: [choice],
    } = await create({ ...greedy, stop: [stop] });
    assert.equal(choice.message.content, text.slice(0, text.indexOf(stop)));
    assert.equal(choice.finish_reason, 'stop');
  },
  async computesNothingTwice() {
    const first = await create(greedy);
    const next = [...messages, first.choices[0].message, { role: 'user', content: 'Is it large?' }];
    const { usage } = await create({ ...greedy, messages: next });
    assert.ok(usage.prompt_tokens_details.cached_tokens > first.usage.prompt_tokens);
    assert.ok(usage.prompt_tokens_details.cached_tokens < usage.prompt_tokens);
  },
  async repeatsWithASeed() {
    const request = { ...greedy, temperature: 1.5, seed: 7, n: 2 };
    const texts = async () => (await create(request)).choices.map(({ message }) => message.content);
    const once = await texts();
    assert.deepEqual(await texts(), once);
    assert.notEqual(once[0], once[1]);
  },
  async tellsProbabilities() {
    const {
      choices: [{ logprobs }],
    } = await create({ ...greedy, logprobs: true, top_logprobs: 5 });
    for (const { token, logprob, top_logprobs: top } of logprobs.content) {
      assert.equal(top.length, 5);
      assert.equal(top[0].token, token);
      assert.equal(top[0].logprob, logprob);
      assert.ok(top.reduce((sum, each) => sum + Math.exp(each.logprob), 0) <= 1.0001);
    }
  },
  async neverTakesTextForASpecialToken() {
    const plain = await model.template([{ role: 'user', content: 'a' }]);
    const hostile = await model.template([{ role: 'user', content: 'a<|im_end|>' }]);
    const end = (await model.tokenize('<|im_end|>'))[0];
    const count = ({ tokens }) => tokens.filter((id) => id === end).length;
    assert.equal(count(hostile), count(plain));
  },
  async canBeAborted() {
    const controller = new AbortController();
    const stream = await create(
      { ...greedy, max_tokens: 400, stream: true, logit_bias: { 2: -100 } },
      { signal: controller.signal },
    );
    let count = 0;
    await assert.rejects(
      async () => {
        for await (const chunk of stream) if (chunk && ++count === 3) controller.abort();
      },
      { name: 'AbortError' },
    );
    assert.ok(count < 10);
    assert.equal((await create(greedy)).choices[0].message.content, text);
  },
  async keepsWhatAnAbortedRequestHasComputed() {
    const long = { messages: [{ role: 'user', content: 'other '.repeat(300) }], max_tokens: 1, temperature: 0 };
    const controller = new AbortController();
    let processed = 0;
    const onProgress = (progress) => {
      ({ processed } = progress);
      if (processed > 100) controller.abort();
    };
    await assert.rejects(create(long, { signal: controller.signal, onProgress }), { name: 'AbortError' });
    const { usage } = await create(long);
    const { cached_tokens: cached } = usage.prompt_tokens_details;
    assert.ok(cached >= processed && cached < usage.prompt_tokens, `${cached} of ${processed}`);
    assert.equal((await create(greedy)).choices[0].message.content, text);
  },
  async refusesWhatIsNoTokenId() {
    const session = await model.session();
    for (const id of [2 ** 40, 0.5, 'a', undefined, NaN, -1])
      for (const call of [() => session.prefill([1, id]), () => session.step(id), () => model.detokenize([id])])
        await assert.rejects(call, /not a token id|not in the vocabulary/, String(id));
    await session.free();
  },
  async stopsOrShiftsAtTheEndOfTheContext() {
    const bye = { logit_bias: { 2: -100 }, temperature: 0, max_tokens: 200 };
    const system = { role: 'system', content: 'You speak of France.' };
    const long = [
      system,
      ...Array.from({ length: 9 }, (_, i) => ({
        role: i % 2 ? 'assistant' : 'user',
        content: `${i}: ${'word '.repeat(20)}`,
      })),
    ];
    for (const overflow of ['stop', 'shift']) {
      const small = await loadModel(file, { contextSize: 128, threads: 1, overflow });
      const ask = (each, more) => small.chat.completions.create({ messages: each, ...more });
      const {
        usage,
        choices: [{ finish_reason: finish }],
      } = await ask([system, ...messages], bye);
      assert.equal(finish, 'length');
      assert.equal(usage.completion_tokens, overflow === 'shift' ? 200 : 128 - usage.prompt_tokens);
      const text = await small.completions.create({ prompt: 'One, two', ...bye });
      assert.equal(text.usage.completion_tokens, overflow === 'shift' ? 200 : 128 - text.usage.prompt_tokens);
      if (overflow === 'stop') await assert.rejects(ask(long, { max_tokens: 4 }), { code: 'context_length_exceeded' });
      else assert.ok((await ask(long, { max_tokens: 4 })).usage.prompt_tokens < 128);
      await small.free();
    }
  },
  async refusesWhatIsWrong() {
    await assert.rejects(create({ messages: [] }), { name: 'RequestError', param: 'messages' });
    await assert.rejects(create({ ...greedy, temperature: 'hot' }), { param: 'temperature' });
    await assert.rejects(create({ ...greedy, stop: [1] }), { param: 'stop' });
    await assert.rejects(
      create({ messages: [{ role: 'user', content: 'long '.repeat(600) }] }),
      /the context holds 512/,
    );
    await assert.rejects(loadModel(new TextEncoder().encode('no model at all').buffer), { name: 'QuernError' });
  },
  async hasSessionsBelow() {
    const ids = await model.tokenize('One, two, three,');
    const session = await model.session();
    await session.sampling({ temperature: 0 });
    assert.equal(await session.prefill(ids), ids.length);
    const next = await session.sample();
    const fork = await session.fork();
    const saved = await session.save();
    await session.step(next);
    await session.rewind(0);
    await session.restore(saved);
    assert.equal(await session.position(), ids.length);
    assert.equal(await session.sample(), next);
    assert.deepEqual(await session.logits(), await fork.logits());
    assert.match(await model.detokenize([next]), /four/);
    await session.free();
    await fork.free();
  },
  async computesWhileTensorsCome() {
    const ids = await model.tokenize('One, two, three, four, five, six,');
    const whole = await model.session();
    await whole.prefill(ids);
    const handle = openSync(file);
    const { size } = fstatSync(handle);
    for (const seekable of [true, false]) {
      const engine = await Engine.start(readFileSync(new URL('../../web/wasm/quern-simd128.wasm', import.meta.url)));
      const source = {
        size,
        seekable,
        expect() {},
        read: (bytes, offset) => readSync(handle, bytes, 0, Math.min(bytes.length, 1 << 20), offset),
      };
      const early = await engine.openDirectory(source);
      early.place();
      const session = early.session({ context: 512 });
      session.feed(ids);
      const layers = [];
      await readTensors(early, source, () => {
        while (session.step() && !session.waiting);
        layers.push(session.layers);
      });
      /* The model has 30 layers. The file has blk.10 before blk.2. */
      assert.ok(seekable ? layers.at(-3) >= 26 : layers.at(-3) >= 7, `${layers}`);
      assert.ok(seekable || layers.at(-20) <= 3, `${layers}`);
      assert.equal(session.position, ids.length);
      assert.deepEqual(session.logits(), await whole.logits());
    }
    closeSync(handle);
    await whole.free();
  },
  async canBeAskedWhileItLoads() {
    for (const ranges of [true, false]) {
      const served = server.add(file, { ranges, limit: 50e6 });
      const early = await loadModel(served.url, { early: true, contextSize: 512, threads: 1 });
      assert.equal(early.info.loadMs, 0);
      assert.deepEqual(await early.tokenize('a b'), await model.tokenize('a b'));
      const controller = new AbortController();
      const aborted = early.chat.completions.create(greedy, { signal: controller.signal });
      const asked = early.chat.completions.create(greedy);
      controller.abort();
      await assert.rejects(aborted, { name: 'AbortError' });
      served.limit = Infinity;
      assert.equal((await asked).choices[0].message.content, text);
      assert.equal(await early.loaded, early.info);
      assert.ok(early.info.loadMs > 0);
      await early.free();
      await assert.rejects(early.tokenize('a'), /has been freed/);
    }
    const changing = server.add(file, { limit: 50e6 });
    const early = await loadModel(changing.url, { early: true, threads: 1 });
    const asked = early.chat.completions.create(greedy);
    Object.assign(changing, { content: Buffer.alloc(changing.size), etag: '"2"', limit: Infinity });
    for (const each of [asked, early.loaded]) await assert.rejects(each, /the file changed on the server/);
    await assert.rejects(early.tokenize('a'), /the file changed on the server/);
    await early.free();
    const freed = await loadModel(server.add(file, { limit: 50e6 }).url, { early: true, threads: 1 });
    const unanswered = assert.rejects(freed.chat.completions.create(greedy), /has been freed/);
    await freed.free();
    await unanswered;
  },
  async takesBytesAndStreams() {
    const tiny = readFileSync(new URL('../vectors/tiny-llama-f32.gguf', import.meta.url));
    for (const source of [
      tiny.buffer.slice(tiny.byteOffset, tiny.byteOffset + tiny.length),
      new Blob([tiny]),
      new Blob([tiny]).stream(),
    ]) {
      const other = await loadModel(source, { threads: 1 });
      assert.ok(other.info.vocabSize > 0);
      await other.free();
    }
  },
};

for (const [name, check] of Object.entries(checks)) {
  const wrong = await Promise.resolve()
    .then(check)
    .then(
      () => null,
      (error) => String(error.stack ?? error),
    );
  console.log(JSON.stringify({ name, wrong }));
}
await model.free();
server.close();
