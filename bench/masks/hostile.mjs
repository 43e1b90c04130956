/* How long hostile grammars take until their error: node hostile.mjs MODULE MODEL. Each runs in a fresh engine, whose code V8
 * has not optimized yet. Prints the milliseconds of compiling, and those of the slowest mask or token behind it. */
import { readFileSync } from 'node:fs';
import { openModel } from '../../web/bin/files.js';
import { Engine } from '../../web/engine.js';

const [, , wasm, path] = process.argv;
const many = (count, part) => Array.from({ length: count }, (_, i) => part(i));
const keyed = (count, key, value) => Object.fromEntries(many(count, (i) => [key + i, value(i)]));
const schemas = {
  'enum of 50,000 strings': () => ({ enum: many(50000, (i) => `value ${i}`) }),
  'enum of 50,000 numbers': () => ({ enum: many(50000, (i) => i) }),
  '50,000 required names': () => ({ required: many(50000, (i) => `value ${i}`) }),
  '20,000 properties': () => ({ properties: keyed(20000, 'value ', () => ({})) }),
  'anyOf of 20,000 constants': () => ({ anyOf: many(20000, (i) => ({ const: i })) }),
  'oneOf of 2,000 constants': () => ({ oneOf: many(2000, (i) => ({ const: i })) }),
  'allOf of 2,000 patterns': () => ({ allOf: many(2000, (i) => ({ pattern: `a${i}` })) }),
  '2,000 patterns of names': () => ({ patternProperties: keyed(2000, 'a', () => ({})) }),
  '20,000 definitions': () => ({ $defs: keyed(20000, 'd', (i) => ({ $id: `d${i}`, $anchor: `x${i}` })) }),
  '2^40 branches': () => ({ allOf: many(40, () => ({ anyOf: [{ minLength: 1 }, { pattern: 'a' }] })) }),
  '3^20 branches': () => ({
    allOf: many(20, () => ({ oneOf: [{ minimum: 1 }, { multipleOf: 7 }, { type: 'null' }] })),
  }),
  'a pattern without another': () => ({
    pattern: `^${'([ab]*a[ab]{9}|c)'.repeat(40)}$`,
    not: { pattern: 'ab[ab]{30}a$' },
  }),
  'large factors': () => ({
    minimum: 1,
    maximum: 1e12,
    allOf: [2147483629, 2147483579, 2147483549].map((n) => ({ multipleOf: n })),
  }),
  '4,000 sets of characters': () => ({ pattern: '[^\\u0100-\\u0fff\\u2000-\\uefff]'.repeat(4000) }),
  '20,000 alternatives': () => ({ pattern: 'a|ab*c?d{2,9}[x-z]'.repeat(20000) }),
};
const grammars = [
  ...Object.entries(schemas).map(([name, schema]) => [name, 'schema', () => JSON.stringify(schema())]),
  ['2^40 states', 'regex', () => '([ab]*a[ab]{40}|c)'.repeat(400)],
  ['counts of 4,000,000', 'regex', () => '([ab]*a[ab]{4000000})+(x?y{3,9}){100000}'],
  [
    '20,000 rules',
    'gbnf',
    () => `root ::= r0\n${many(20000, (i) => `r${i} ::= "a" r${(i + 1) % 20000} | "b"`).join('\n')}`,
  ],
  ['ambiguous nesting', 'gbnf', () => 'root ::= (((root{0,999999999}){0,999999999}){5,999999999} | "a"){2,999999999}'],
];

async function start() {
  const engine = await Engine.start(readFileSync(wasm));
  const source = openModel(path);
  const model = await engine.openDirectory(source);
  model.place();
  source.close();
  return { engine, model, session: model.session({ context: 2048, batch: 1 }) };
}

const spent = { compile: 0, next: 0 };
let reason = 'no error';
/* Runs a step of a grammar; false after an error. */
function timed(kind, run) {
  const before = performance.now();
  try {
    run();
    return true;
  } catch (error) {
    reason = error.message;
    return false;
  } finally {
    spent[kind] = Math.max(spent[kind], performance.now() - before);
  }
}

for (const [name, notation, make] of grammars) {
  const text = make();
  const { engine, model, session } = await start();
  const plain = engine.grammar(model, 'regex', '[ab]*'); // its first mask makes the trie of tokens
  session.constrain(plain);
  session.mask();
  Object.assign(spent, { compile: 0, next: 0 });
  reason = 'no error';
  let grammar;
  const ids = [];
  if (timed('compile', () => (grammar = engine.grammar(model, notation, text)))) {
    let next = timed('next', () => session.constrain(grammar));
    while (next && ids.length < 60) {
      next = timed('next', () => {
        const mask = session.mask();
        const word = mask.findIndex((bits) => bits !== 0);
        ids.push(word * 32 + 31 - Math.clz32(mask[word] & -mask[word]));
        session.constrain(grammar, ids);
      });
    }
  }
  console.log(JSON.stringify({ name, compile_ms: Math.round(spent.compile), next_ms: Math.round(spent.next), reason }));
}
