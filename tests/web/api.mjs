/* The package in Node: node api.mjs <model.gguf> <ids and text of the command line's greedy answer, as JSON>. A line of
 * JSON for each check: its name, and what went wrong, if anything did. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { loadModel } from '../../web/index.js';
import { StopText } from '../../web/stops.js';

const [file, answer] = process.argv.slice(2);
const { question, text } = JSON.parse(answer);
const messages = [{ role: 'user', content: question }];
const greedy = { messages, temperature: 0, max_tokens: 24 };
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
  async stopsAtAStopString() {
    const stop = text.slice(8, 14);
    const { choices: [choice] } = await create({ ...greedy, stop: [stop] });
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
    const { choices: [{ logprobs }] } = await create({ ...greedy, logprobs: true, top_logprobs: 5 });
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
    const stream = await create({ ...greedy, max_tokens: 400, stream: true, logit_bias: { 2: -100 } }, { signal: controller.signal });
    let count = 0;
    await assert.rejects(async () => {
      for await (const chunk of stream) if (chunk && ++count === 3) controller.abort();
    }, { name: 'AbortError' });
    assert.ok(count < 10);
    assert.equal((await create(greedy)).choices[0].message.content, text);
  },
  async refusesWhatIsWrong() {
    await assert.rejects(create({ messages: [] }), { name: 'RequestError', param: 'messages' });
    await assert.rejects(create({ ...greedy, temperature: 'hot' }), { param: 'temperature' });
    await assert.rejects(create({ ...greedy, stop: [1] }), { param: 'stop' });
    await assert.rejects(create({ messages: [{ role: 'user', content: 'long '.repeat(600) }] }), /the context holds 512/);
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
  async takesBytesAndStreams() {
    const tiny = readFileSync(new URL('../vectors/tiny-llama-f32.gguf', import.meta.url));
    for (const source of [tiny.buffer.slice(tiny.byteOffset, tiny.byteOffset + tiny.length), new Blob([tiny]), new Blob([tiny]).stream()]) {
      const other = await loadModel(source, { threads: 1 });
      assert.ok(other.info.vocabSize > 0);
      await other.free();
    }
  },
};

for (const [name, check] of Object.entries(checks)) {
  const wrong = await Promise.resolve().then(check).then(() => null, (error) => String(error.stack ?? error));
  console.log(JSON.stringify({ name, wrong }));
}
await model.free();
