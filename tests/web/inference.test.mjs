/* What the package computes, in Node, with edited copies of the tiny models: node inference.test.mjs <folder of
 * tests/vectors>. Prints a line of JSON for each check: its name and its error, or null. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LoopDetector } from '../../web/api/loops.js';
import { Engine } from '../../web/engine.js';
import { loadModel } from '../../web/index.js';
import { editorOf } from './edit-model.mjs';
import { printChecks } from './print_checks.mjs';

const edited = editorOf(process.argv[2]);
const TEMPLATE = { 'tokenizer.chat_template': '{% for m in messages %}{{ m.content }}{% endfor %}' };
const MODEL = 'tiny-gemma3-f32.gguf';
const RECURRENT = ['lfm2', 'mamba', 'falcon-h1', 'granitehybrid', 'qwen35'].map((name) => `tiny-${name}-f32.gguf`);
/* They have no vocabulary, but 48 tokens: here is one with single characters. */
const TOKENS = ['<unk>', '<s>', '</s>', ...'▁abcdefghijklmnopqrstuvwxyz0123456789<>/_.,;:'];
const VOCABULARY = {
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': TOKENS,
  'tokenizer.ggml.scores': { f32: TOKENS.map(() => 0) },
  'tokenizer.ggml.token_type': { i32: TOKENS.map((_, i) => [2, 3, 3][i] ?? 1) },
};
const RENAMED = { replace: { 'tokenizer.ggml.model': 'tokenizer.ggml.other' } };
const messages = [{ role: 'user', content: 'one two three' }];

async function using(bytes, options, use) {
  const notes = [];
  const model = await loadModel(bytes, {
    threads: 1,
    contextSize: 256,
    onNote: (note) => notes.push(note),
    ...options,
  });
  try {
    await use(model, notes.filter((note) => /sampl/.test(note)).join('\n'));
  } finally {
    await model.free();
  }
}

const ask = async (model, request) => (await model.chat.completions.create({ messages, ...request })).choices[0];
const textOf = async (model, request) => (await ask(model, { max_tokens: 24, ...request })).message.content;

/* The text of an answer that a model gives as its first one. */
async function fresh(file, request) {
  const model = await loadModel(file, { threads: 1, contextSize: 480 });
  const { choices } = await model.chat.completions.create(request);
  await model.free();
  return choices[0].message.content;
}

/* A copy of a model file whose tensor `name`, of f32, is multiplied by `factor`. */
async function scaled(file, name, factor) {
  const wasm = readFileSync(fileURLToPath(import.meta.resolve('../../web/wasm/quern-simd128.wasm')));
  const engine = await Engine.start(new Uint8Array(wasm));
  const copy = file.slice();
  const read = (bytes, offset) => {
    bytes.set(copy.subarray(offset, offset + bytes.length));
    return Math.min(bytes.length, copy.length - offset);
  };
  const model = await engine.openDirectory({ size: copy.length, read });
  const { offset, bytes } = [...model.tensors()].find((tensor) => tensor.name === name);
  const view = new DataView(copy.buffer, copy.byteOffset + offset, bytes);
  for (let at = 0; at < bytes; at += 4) view.setFloat32(at, view.getFloat32(at, true) * factor, true);
  model.free();
  return copy;
}

/* Whether an answer of these tokens is stopped, and after how many. */
function loopAt(ids) {
  const loops = new LoopDetector();
  const at = ids.findIndex((id) => loops.push(id, '') !== undefined);
  return at < 0 ? null : at + 1;
}
/* An answer of this text, in pieces: what is left of it if it is stopped and its repetition removed; null if it goes on. */
function withoutLoop(text) {
  const loops = new LoopDetector();
  for (const [at, piece] of text.match(/.{1,3}/gs).entries()) {
    const start = loops.push(at, piece);
    if (start !== undefined) return text.slice(0, start);
  }
  return null;
}
const phrase = (length) => Array.from({ length }, (_, i) => i);
const copies = (ids, count) => Array.from({ length: count }, () => ids).flat();

const checks = {
  async usesTheFilesSampling() {
    const recommended = { temperature: 0.25, topP: 0.5, minP: 0, repeatPenalty: 1.5, topK: 1, penaltyLastN: -1 };
    const add = {
      ...TEMPLATE,
      'general.sampling.temp': { f32: 0.25 },
      'general.sampling.top_p': { f32: 0.5 },
      'general.sampling.min_p': { f32: 0 },
      'general.sampling.penalty_repeat': { f32: 1.5 },
      'general.sampling.top_k': { i32: 1 },
      'general.sampling.penalty_last_n': { i32: -1 },
    };
    let expected = '';
    let free = '';
    const random = { temperature: 5, top_p: 1, min_p: 0, repeat_penalty: 1, top_k: 0, seed: 7 };
    await using(edited(MODEL, { add: TEMPLATE }), {}, async (model, notes) => {
      assert.deepEqual(model.info.sampling, {});
      assert.equal(notes, '');
      const session = await model.session();
      await session.sampling({ ...recommended, seed: 3 });
      const { tokens } = await model.template(messages);
      await session.prefill(tokens);
      const ids = [];
      for (let i = 0; i < 24; i++) {
        ids.push(await session.sample());
        await session.step(ids.at(-1));
      }
      expected = await model.detokenize(ids, { continues: true });
      free = await textOf(model, random);
      assert.notEqual(await textOf(model, { seed: 3 }), expected);
    });
    await using(edited(MODEL, { add }), {}, async (model, notes) => {
      assert.deepEqual(model.info.sampling, recommended);
      assert.match(notes, /temperature 0\.25, top_p 0\.5, min_p 0, repeat_penalty 1\.5, top_k 1, penalty_last_n -1/);
      assert.equal(await textOf(model, { seed: 3 }), expected);
      assert.equal(await textOf(model, { seed: 3, temperature: null }), expected);
      assert.equal(await textOf(model, { ...random, seed: 7 }), free);
    });
  },
  async saysWhichSamplingOfTheFileIsNotUsed() {
    const wrong = { ...TEMPLATE, 'general.sampling.temp': { f32: -1 }, 'general.sampling.top_k': { i32: 3 } };
    await using(edited(MODEL, { add: wrong }), {}, async (model, notes) => {
      assert.match(notes, /invalid: general\.sampling\.temp must lie in 0 to 100/);
      assert.deepEqual(model.info.sampling, {});
      assert.ok(await textOf(model, {}));
    });
    const other = { ...TEMPLATE, 'general.sampling.mirostat': { i32: 2 } };
    await using(edited(MODEL, { add: other }), {}, async (_, notes) => assert.match(notes, /Mirostat.*not supported/));
  },
  usesTheFilesSamplingInTheCommandLine() {
    const folder = mkdtempSync(join(tmpdir(), 'quern-'));
    try {
      const path = join(folder, 'model.gguf');
      writeFileSync(path, edited(MODEL, { add: { ...TEMPLATE, 'general.sampling.top_k': { i32: 1 } } }));
      const quern = fileURLToPath(import.meta.resolve('../../web/bin/quern.js'));
      const run = (command, ...args) => {
        const all = [quern, command, '-m', path, '-p', 'one two', '-n', '12', '-t', '1', '--json', ...args];
        const { stdout, stderr, status } = spawnSync(process.execPath, all, { encoding: 'utf8', input: '' });
        assert.equal(status, 0, stderr);
        return { text: JSON.parse(stdout).text, stderr };
      };
      const greedy = run('run', '--temp', '0');
      assert.match(greedy.stderr, /sampling settings of the file apply unless others are given: top_k 1/);
      assert.equal(run('run').text, greedy.text);
      assert.notEqual(run('run', '--top-k', '0', '--temp', '5', '--min-p', '0', '--top-p', '1').text, greedy.text);
      const talk = run('chat');
      assert.equal(talk.text, greedy.text);
      assert.match(talk.stderr, /top_k 1/);
      writeFileSync(path, edited(MODEL, { add: { ...TEMPLATE, 'general.sampling.mirostat': { i32: 2 } } }));
      for (const host of ['node', 'wasmtime'])
        assert.match(run('run', '--host', host).stderr, /Mirostat.*not supported/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  async normalizesToNfc() {
    const [plain, normal] = ['e\u0301 \u1100\u1161', '\u00e9 \uac00'];
    const prompt = async (model, content) => (await model.template([{ role: 'user', content }])).tokens;
    const file = edited(MODEL, { add: TEMPLATE });
    await using(file, {}, async (model) => {
      assert.notDeepEqual(await model.tokenize(plain), await model.tokenize(normal));
      assert.deepEqual(await model.tokenize(plain, { nfc: true }), await model.tokenize(normal));
      assert.notDeepEqual(await prompt(model, plain), await prompt(model, normal));
    });
    await using(file, { nfc: true }, async (model) => {
      assert.deepEqual(await model.tokenize(plain), await model.tokenize(normal));
      assert.deepEqual(await prompt(model, plain), await prompt(model, normal));
      assert.equal((await model.template([{ role: 'user', content: plain }])).text, plain);
      const answers = [plain, normal].map((prompt) =>
        model.completions.create({ prompt, max_tokens: 8, temperature: 0 }),
      );
      const [one, other] = await Promise.all(answers);
      assert.equal(one.choices[0].text, other.choices[0].text);
    });
    const quern = fileURLToPath(import.meta.resolve('../../web/bin/quern.js'));
    const path = join(process.argv[2], MODEL);
    const run = (input, ...args) =>
      spawnSync(process.execPath, [quern, 'tokenize', '-m', path, '-t', '1', ...args], { encoding: 'utf8', input });
    assert.equal(run(plain, '--nfc').stdout, run(normal).stdout);
    assert.notEqual(run(plain).stdout, run(normal).stdout);
  },
  detectsLoops() {
    for (const period of [1, 2, 5, 16, 17, 100, 256]) {
      const ids = [9999, ...copies(phrase(period), Math.max(5, 100 / period))];
      assert.equal(loopAt(ids), 1 + Math.max(64, 4 * period), String(period));
    }
    assert.equal(loopAt(copies(phrase(257), 8)), null);
    assert.equal(loopAt(copies(phrase(3), 21)), null); /* 63 tokens */
    assert.equal(loopAt(copies(phrase(40), 3)), null);
    assert.equal(loopAt(Array.from({ length: 400 }, (_, i) => (i % 4 ? i % 4 : 1000 + i))), null); /* a numbered list */
    assert.equal(loopAt([...copies([1, 2], 31), 3, ...copies([1, 2], 31)]), null);
  },
  detectsLoopsOfWords() {
    const sea = 'On the sea, the sea, and so. ';
    assert.equal(withoutLoop(`Begin. ${sea.repeat(5)}`), 'Begin. On the sea, the sea, and so.');
    assert.equal(withoutLoop(`Begin. ${sea.repeat(2)}\n\n${sea.repeat(3)}`), 'Begin. On the sea, the sea, and so.');
    const items = Array.from({ length: 9 }, (_, at) => `${at + 1}. The **cat**, which is an animal.`);
    assert.equal(withoutLoop(items.join('\n')), items[0]);
    assert.equal(withoutLoop(sea.repeat(2)), null);
    assert.equal(withoutLoop('No, no, no. '.repeat(7)), null); /* 21 words */
    const points = Array.from({ length: 40 }, (_, at) => `{"x": ${at}, "y": ${at % 3}}`);
    assert.equal(withoutLoop(`[${points.join(', ')}]`), null);
    assert.equal(withoutLoop(`[${Array(40).fill(0).join(', ')}]`), null);
    const hindi = 'मैं घर जा रहा हूँ और तुम भी। ';
    assert.equal(withoutLoop(hindi.repeat(6)), hindi.trim());
  },
  async stopsLoops() {
    await using(edited(MODEL, { add: TEMPLATE }), {}, async (model) => {
      const loop = { temperature: 0, logit_bias: { 100: 1000 }, max_tokens: 100 };
      const whole = await ask(model, loop);
      assert.equal(whole.finish_reason, 'length');
      assert.ok(!('stop_reason' in whole));
      const { choices, usage } = await model.chat.completions.create({ messages, ...loop, stop_loops: true });
      assert.deepEqual([choices[0].finish_reason, choices[0].stop_reason], ['stop', 'loop']);
      assert.equal(usage.completion_tokens, 64);
      const { content } = choices[0].message;
      assert.ok(whole.message.content.startsWith(content));
      assert.equal(content.length - choices[0].loop_length, content.length / 64, 'one copy is left');
      const completion = await model.completions.create({ prompt: 'one', ...loop, stop_loops: true, n: 2 });
      assert.deepEqual(
        completion.choices.map((choice) => choice.stop_reason),
        ['loop', 'loop'],
      );
      const wrong = ask(model, { stop_loops: 'yes' });
      await assert.rejects(wrong, { name: 'RequestError', param: 'stop_loops' });
    });
  },
  async keepsTheStateOfTheLastTurn() {
    const THINKING = {
      'tokenizer.chat_template':
        "{% for m in messages %}<{{ m.role }}>{{ m.content.split('</think>')[-1] }}{% endfor %}" +
        '{% if add_generation_prompt %}<assistant><think>{% endif %}',
    };
    for (const name of [MODEL, ...RECURRENT]) {
      const file = edited(
        name,
        name === MODEL ? { add: THINKING } : { add: { ...THINKING, ...VOCABULARY }, ...RENAMED },
      );
      await using(file, { contextSize: 480 }, async (model) => {
        const talk = [{ role: 'user', content: 'tell me about it '.repeat(6) }];
        let known = 0; // tokens that the next turn must not compute again
        for (let turn = 0; turn < 3; turn++) {
          const { text, tokens } = await model.template(talk);
          const before = (await model.template(talk, { add_generation_prompt: false })).tokens.length;
          assert.ok(text.endsWith('<think>') && before < tokens.length);
          const request = { messages: talk, max_tokens: 12, temperature: 1, seed: turn };
          const progress = [];
          const answer = await model.chat.completions.create(request, { onProgress: (each) => progress.push(each) });
          const cached = answer.usage.prompt_tokens_details.cached_tokens;
          assert.ok(cached >= known && cached < tokens.length, `${name}: ${cached} of ${known} in turn ${turn}`);
          assert.ok(progress.slice(1).every(({ cache, processed }) => cache === cached && processed >= cached));
          assert.equal(answer.choices[0].message.content, await fresh(file, request), name);
          known = before;
          talk.push({ role: 'assistant', content: `<think>${answer.choices[0].message.content}</think>ok` });
          talk.push({ role: 'user', content: `and now ${turn}` });
        }
        /* A prompt that was not finished: its whole steps are kept, if the state after them is known. */
        const long = { messages: [{ role: 'user', content: 'say more of it '.repeat(20) }], max_tokens: 8, seed: 9 };
        const controller = new AbortController();
        const onProgress = ({ processed }) => processed > 0 && controller.abort();
        const options = { signal: controller.signal, onProgress };
        await assert.rejects(model.chat.completions.create(long, options), { name: 'AbortError' });
        const again = await model.chat.completions.create(long);
        assert.equal(again.choices[0].message.content, await fresh(file, long), name);
        /* A chat that differs early: a recurrent model has to start over, and says so. */
        talk[0] = { role: 'user', content: `${talk[0].content.slice(0, -20)} else` };
        const { usage } = await model.chat.completions.create({ messages: talk, max_tokens: 1 });
        assert.equal(usage.prompt_tokens_details.cached_tokens > 0, name === MODEL, name);
      });
    }
  },
  async reportsNumbersThatOverflow() {
    const original = edited(MODEL, { add: TEMPLATE });
    const expected = { name: 'QuernError', code: -10, message: /overflow in layer \d+ of \d+, at positions 0 to/ };
    for (const tensor of ['blk.0.attn_norm.weight', 'output_norm.weight']) {
      await using(await scaled(original, tensor, 1e38), {}, async (model) => {
        await assert.rejects(ask(model, { temperature: 0 }), expected, tensor);
        await assert.rejects(ask(model, { temperature: 0 }), expected, tensor);
        await assert.rejects(model.embed('one two', { pooling: 'mean' }), expected, tensor);
        const session = await model.session();
        await assert.rejects(session.prefill([1, 2, 3]), expected, tensor);
        assert.equal(await session.position(), 0);
      });
    }
  },
};

await printChecks(checks);
