/* Sessions that follow a grammar. node constrain.mjs <module> <model> checks: what a rewind, a fork and a restore do to
 * the grammar, and that forced tokens are the same together and one at a time. With a third argument, a number N, it
 * prints N answers at temperature 1.2 instead, as lines of JSON: {schema, text, ms, batched}, of the schemas below. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { Engine, LOGITS_ALL } from '../../web/engine.js';

const [, , wasm, path, count] = process.argv;
const person = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 12 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    member: { type: 'boolean' },
  },
  required: ['name', 'age', 'member'],
  additionalProperties: false,
};
const SCHEMAS = [
  person,
  { enum: ['red', 'green', 'light blue', 7, null] },
  {
    type: 'array',
    items: { $ref: '#/$defs/n' },
    minItems: 2,
    maxItems: 4,
    $defs: { n: { type: 'number', multipleOf: 0.5, maximum: 9, minimum: -9 } },
  },
  {
    type: 'object',
    properties: { id: { type: 'string', pattern: '^[A-Z]{2}-[0-9]{3}$' }, kind: { const: 'order' } },
    required: ['id', 'kind'],
    additionalProperties: false,
  },
  {
    anyOf: [
      {
        type: 'object',
        properties: { day: { type: 'string', format: 'date' } },
        required: ['day'],
        additionalProperties: false,
      },
      { type: 'integer', exclusiveMinimum: 5, maximum: 99 },
    ],
  },
];

const engine = await Engine.start(readFileSync(wasm));
const file = openSync(path, 'r');
const model = await engine.loadModel({
  size: statSync(path).size,
  read: (bytes, offset) => readSync(file, bytes, 0, bytes.length, offset),
});
closeSync(file);

function step(session) {
  while (session.step());
}

/* A session after a prompt, which follows the grammar. */
function start(grammar, settings) {
  const session = model.session({ context: 256 });
  session.feed(model.promptTokens('An answer in JSON:\n'));
  step(session);
  session.sampling(settings);
  session.constrain(grammar);
  return session;
}

/* The tokens of an answer, and the logits of each if they are wanted. */
function answer(session, { batched, limit = 120, rows = null }) {
  const ids = [];
  while (ids.length < limit) {
    const run = batched ? session.forced() : [];
    const next = run.length ? run : [session.sample()];
    const end = next.findIndex((id) => model.isEnd(id));
    const fed = (end < 0 ? next : next.slice(0, end)).slice(0, limit - ids.length);
    if (fed.length) {
      rows?.push(session.logits());
      session.feed(fed, rows ? LOGITS_ALL : 1);
      for (let more = true; more; ) {
        more = session.step();
        for (let row = 0; rows && row < session.rows; row++) rows.push(session.logits(row));
      }
      rows?.pop(); // those of the next token
    }
    ids.push(...fed);
    if (end >= 0) return ids;
  }
  return ids;
}

const textOf = (ids) => new TextDecoder().decode(model.detokenize(ids, { continues: true }));

function printAnswers() {
  for (let i = 0; i < Number(count); i++) {
    const schema = SCHEMAS[i % SCHEMAS.length];
    const grammar = engine.grammar(model, 'schema', JSON.stringify(schema));
    const texts = [true, false].map((batched) => {
      const session = start(grammar, { temperature: 1.2, topK: 0, topP: 1, minP: 0, seed: i });
      const before = performance.now();
      const text = textOf(answer(session, { batched }));
      const ms = performance.now() - before;
      session.free();
      return { text, ms };
    });
    grammar.free();
    console.log(
      JSON.stringify({ schema, text: texts[0].text, ms: texts[0].ms, one: texts[1].text, oneMs: texts[1].ms }),
    );
  }
}

/* Forced tokens together and one at a time: the same tokens and logits. */
function checkForced() {
  const grammar = engine.grammar(model, 'schema', JSON.stringify(person));
  const [together, single] = [true, false].map((batched) => {
    const session = start(grammar, { temperature: 1.2, seed: 5 });
    const rows = [];
    const ids = answer(session, { batched, rows });
    session.free();
    return { ids, rows };
  });
  assert.deepEqual(together.ids, single.ids);
  assert.equal(together.rows.length, together.ids.length);
  assert.deepEqual(together.rows, single.rows);
  assert.match(textOf(together.ids), /^\{"name":"/);
  const session = start(grammar);
  assert.equal(textOf(session.forced()).length > 4, true);
  grammar.free(); // the session keeps it
  assert.equal(session.constraint.constrained, true);
  session.free();
}

/* A grammar without choice: its tokens are the tokenizer's, then the end. */
function checkCanonical() {
  const text = '{"description":"plain words, and 3 numbers"}';
  const grammar = engine.grammar(model, 'gbnf', `root ::= ${JSON.stringify(text)}`);
  const session = start(grammar);
  const run = session.forced();
  assert.deepEqual(run.slice(0, -1), model.tokenize(text, { addSpecial: false, parseSpecial: false }));
  assert.equal(model.isEnd(run.at(-1)), true);
  assert.equal(session.sample(), run[0]);
  session.feed(run.slice(0, -1));
  step(session);
  assert.deepEqual(session.constraint, { constrained: true, complete: true, finished: true });
  assert.equal(session.sample(), run.at(-1));
  session.free();
  grammar.free();
}

/* The ids that a mask allows. */
const allowed = (mask) =>
  Array.from({ length: model.vocabSize }, (_, id) => id).filter((id) => (mask[id >> 5] >>> (id & 31)) & 1);

function checkSampling() {
  const grammar = engine.grammar(model, 'regex', '[a-e]{1,3}');
  const settings = { temperature: 1.2, seed: 3, topK: 2, repeatPenalty: 1.3 };
  const session = start(grammar, settings);
  const ids = allowed(session.mask());
  assert.equal(
    ids.every((id) => /^[a-e]{1,3}$/.test(textOf([id]))),
    true,
  );
  const logits = session.logits();
  session.sampling({ temperature: 0 });
  const best = ids.reduce((a, b) => (logits[b] > logits[a] ? b : a));
  assert.equal(session.sample(), best); // the best of the allowed ones
  session.sampling({ temperature: 0, logitBias: { [best]: -Infinity } });
  assert.notEqual(session.sample(), best);
  assert.equal(ids.includes(session.sample()), true);
  const draws = Array.from({ length: 40 }, (_, seed) => {
    session.sampling({ ...settings, temperature: 3, seed });
    return session.sample();
  });
  assert.equal(new Set(draws).size, 2); // topK counts the allowed ones only
  session.free();
  grammar.free();
}

async function checkStates() {
  const grammar = engine.grammar(model, 'regex', '[ab]{4}');
  const session = start(grammar, { temperature: 1, seed: 1 });
  const begin = session.position;
  const before = session.mask();
  const [a] = model.tokenize('a', { addSpecial: false }).slice(-1);
  session.feed([a]);
  step(session);
  const fork = session.fork();
  const after = session.mask();
  assert.notDeepEqual(after, before);
  assert.deepEqual(fork.mask(), after);
  fork.feed([a]);
  step(fork);
  assert.deepEqual(session.mask(), after); // the fork went on alone
  session.rewind(begin);
  assert.deepEqual(session.mask(), before);
  const [x] = model.tokenize('x', { addSpecial: false }).slice(-1);
  session.feed([x]);
  step(session);
  assert.throws(() => session.sample(), { code: -5 });
  assert.throws(() => session.mask(), { code: -5 });
  session.rewind(begin);
  assert.deepEqual(session.mask(), before);
  const pieces = [...fork.save()];
  await session.restore(pieces);
  assert.throws(() => session.sample(), { code: -5 });
  session.constrain(grammar, [a, a]);
  assert.deepEqual(session.mask(), fork.mask());
  assert.throws(() => session.constrain(grammar, [x]), { code: -1 });
  assert.deepEqual(session.mask(), fork.mask());
  session.rewind(0);
  assert.throws(() => session.mask(), { code: -5 });
  session.constrain(null);
  assert.equal(session.mask(), null);
  assert.equal(session.constraint.constrained, false);
  const empty = engine.grammar(model, 'schema', 'false');
  assert.equal(empty.isEmpty, true);
  assert.throws(() => session.constrain(empty), { code: -1 });
  const other = engine.grammar(null, 'regex', 'a+');
  assert.deepEqual([other.accepts('aa'), other.accepts('ab')], [true, false]);
  assert.throws(() => session.constrain(other), { code: -1 });
  for (const each of [session, fork, grammar, empty, other]) each.free();
}

if (count === undefined) {
  checkForced();
  checkCanonical();
  checkSampling();
  await checkStates();
  console.log('checked');
} else printAnswers();
model.free();
