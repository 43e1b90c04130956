/* Checks of the threaded module in Node: node check_threads.mjs "<name of a check>". */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { Engine } from '../../web/engine.js';
import { sharedMemory } from '../../web/runtime/memory.js';
import { memoryImport } from '../../web/runtime/module-binary.js';
import { tune } from '../../web/runtime/tune.js';

const module = (name) => readFileSync(new URL(`../../build/${name}/quern.wasm`, import.meta.url));
const threaded = module('wasm32-simd128-mt');
const vector = (name) => new URL(`../vectors/${name}.gguf`, import.meta.url);
const sourceOf = (name) => {
  const file = readFileSync(vector(name));
  return {
    size: file.length,
    read(bytes, offset) {
      const part = file.subarray(offset, offset + bytes.length);
      bytes.set(part);
      return part.length;
    },
  };
};
const source = sourceOf('tiny-llama-k');

async function logits(engine) {
  const model = await engine.loadModel(source);
  const session = model.session({ context: 16 });
  session.feed([1, 2, 3, 4, 5]);
  while (session.step());
  const row = session.logits();
  session.free();
  model.free();
  return row;
}

/* The logits of a token after 400 others. */
async function longLogits(engine, from, cache) {
  const model = await engine.loadModel(from);
  if (cache === 'q8_0') {
    try {
      model.useCache(cache);
    } catch (error) {
      assert.match(error.message, /blocks of 32/);
    }
  }
  const session = model.session({ context: 448 });
  session.feed(Array.from({ length: 400 }, (_, i) => (7 * i + 1) % model.vocabSize));
  while (session.step());
  session.feed([3]);
  while (session.step());
  const row = session.logits();
  session.free();
  model.free();
  return row;
}

const checks = {
  /* One engine after another in one process, each with its own workers. */
  async 'starts again'() {
    const rows = [];
    for (const threads of [1, 4, 2]) {
      const engine = await Engine.start(threaded, { threads });
      rows.push(await logits(engine));
      await engine.stop();
      await engine.stop(); /* stopping twice is allowed */
    }
    assert.deepEqual(rows[1], rows[0]);
    assert.deepEqual(rows[2], rows[0]);
  },

  /* Attention of one token over a long context is divided by positions and columns if there are few KV heads. */
  async 'divides the attention of one token'() {
    const names = ['tiny-llama-k', 'tiny-gemma3-q8', 'tiny-gpt-oss-f32'].filter((name) => existsSync(vector(name)));
    assert.equal(names.length, 3);
    for (const name of names) {
      for (const cache of ['f16', 'q8_0']) {
        const rows = [];
        for (const threads of [1, 2, 3, 5]) {
          const engine = await Engine.start(threaded, { threads });
          rows.push(await longLogits(engine, sourceOf(name), cache));
          await engine.stop();
        }
        for (const row of rows) assert.deepEqual(row, rows[0], `${name}, ${cache}`);
      }
    }
  },

  /* Orders of reading weights. */
  async 'reads weights in any order'() {
    const engine = await Engine.start(threaded, { threads: 2 });
    const model = await engine.loadModel(source);
    const session = model.session({ context: 16 });
    const rows = ['distant', 'distant-prefetch'].map((order) => {
      model.useOrder(order);
      session.rewind(0);
      for (const id of [1, 2, 3, 4, 5]) {
        session.feed([id]);
        while (session.step());
      }
      return session.logits();
    });
    assert.deepEqual(rows[1], rows[0]);
    assert.throws(() => model.useOrder('near'), /distant or distant-prefetch, not near/);
    assert.notEqual(engine.exports.qn_model_order(model.address, 2), 0);
    session.free();
    model.free();
    await engine.stop();
  },

  /* The number of active threads goes up and down; the engine can stop at any number. */
  async 'uses some of them'() {
    const one = await logits(await Engine.start(threaded, { threads: 1 }));
    const engine = await Engine.start(threaded, { threads: 4 });
    for (const threads of [4, 1, 3, 2, 4, 4, 2]) {
      engine.useThreads(threads);
      assert.deepEqual(await logits(engine), one);
    }
    assert.throws(() => engine.useThreads(5), /cannot use 5 threads: 4 were started/);
    assert.throws(() => engine.useThreads(0), /0 threads/);
    const model = await engine.loadModel(source);
    const { threads: used, order } = tune(engine, model, { started: 4 });
    assert.ok(used >= 1 && used <= 4);
    assert.ok(['distant', 'distant-prefetch'].includes(order));
    assert.deepEqual(tune(engine, model, { started: 4, threads: 3, order: 'distant-prefetch' }), {
      threads: 3,
      order: 'distant-prefetch',
    });
    model.free();
    assert.deepEqual(await logits(engine), one);
    engine.useThreads(2);
    await engine.stop();
  },

  /* With more workers than processors, a worker may see the change only after the next job has begun. */
  async 'changes their number often'() {
    const engine = await Engine.start(threaded, { threads: 4 });
    const model = await engine.loadModel(source);
    const session = model.session({ context: 16 });
    let first;
    for (let round = 0; round < 700; round++) {
      for (const threads of [4, 2, 3]) {
        engine.useThreads(threads);
        session.rewind(0);
        session.feed([1, 2]);
        while (session.step());
        first ??= session.logits();
        if (round % 100 === 0) assert.deepEqual(session.logits(), first);
      }
    }
    session.free();
    model.free();
    await engine.stop();
  },

  /* Workers that were not stopped do not keep the process alive. The test's time limit catches it if they do. */
  async 'ends by itself'() {
    await logits(await Engine.start(threaded, { threads: 3 }));
  },

  async 'refuses impossible numbers'() {
    await assert.rejects(Engine.start(threaded, { threads: 1000 }), /1000 threads/);
    await assert.rejects(Engine.start(module('wasm32-simd128'), { threads: 2 }), /threads/);
  },

  /* A host that grants at most 4096 pages. */
  async 'steps the maximum down'() {
    const limits = memoryImport(threaded);
    assert.equal(memoryImport(module('wasm32-simd128')), null);
    assert.deepEqual([limits.module, limits.name, limits.shared, limits.memory64], ['env', 'memory', true, false]);
    assert.ok(limits.initial > 0 && limits.maximum === 65536);
    const { Memory } = WebAssembly;
    const asked = [];
    /* biome-ignore lint/complexity/useArrowFunction: it is called with new */
    WebAssembly.Memory = function (descriptor) {
      asked.push(descriptor.maximum);
      if (descriptor.maximum > 4096) throw new RangeError('no');
      return new Memory(descriptor);
    };
    try {
      assert.equal(sharedMemory(limits).buffer.byteLength, limits.initial * 65536);
      assert.ok(asked.length > 2 && asked[0] === 65536 && asked.at(-1) <= 4096 && asked.at(-1) > 2048);
      assert.throws(() => sharedMemory(limits, 5000), RangeError);
    } finally {
      WebAssembly.Memory = Memory;
    }
    /* A module accepts a memory with a smaller maximum than it declares. */
    const small = new Memory({ initial: limits.initial, maximum: 4096, shared: true });
    await WebAssembly.instantiate(threaded, { env: { memory: small } });
  },
};

await checks[process.argv[2]]();
