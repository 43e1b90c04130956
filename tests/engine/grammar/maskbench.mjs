/* Judges the instances of MaskBench with the grammars of its schemas: node maskbench.mjs <module> <folder> [every N].
 * The folder is maskbench/data of https://github.com/guidance-ai/jsonschemabench. A grammar writes the members of an
 * object in the order of `properties`, so those of an instance are put in that order first. Instances with integers that
 * JavaScript would round are left out. Prints the counts, and the most frequent reasons why schemas are refused. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../../web/engine.js';

const [wasm, folder, every = '1'] = process.argv.slice(2);
const engine = await Engine.start(readFileSync(wasm));
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/* The orders of members that a schema states, at any depth. */
function ordersOf(schema, orders = []) {
  if (isObject(schema?.properties)) orders.push(Object.keys(schema.properties));
  if (typeof schema === 'object' && schema !== null) for (const each of Object.values(schema)) ordersOf(each, orders);
  return orders;
}

/* The instance with the members of each object in the order that has most of them. */
function ordered(value, orders) {
  if (Array.isArray(value)) return value.map((each) => ordered(each, orders));
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  const known = orders.map((order) => order.filter((key) => Object.hasOwn(value, key)));
  const best = known.reduce((a, b) => (b.length > a.length ? b : a), []);
  const all = [...best, ...keys.filter((key) => !best.includes(key))];
  return new Map(all.map((key) => [key, ordered(value[key], orders)]));
}

/* JSON in the order of maps: objects would put keys that are numbers first. */
function textOf(value) {
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value].map(([key, each]) => `${JSON.stringify(key)}:${textOf(each)}`).join(',')}}`;
}

/* Whether reading the JSON has rounded one of its integers. */
const isRounded = (value) =>
  typeof value === 'object' && value !== null
    ? Object.values(value).some(isRounded)
    : Number.isInteger(value) && !Number.isSafeInteger(value);

const counts = {
  schemas: 0,
  enforced: 0,
  refused: 0,
  valid: 0,
  validRejected: 0,
  invalid: 0,
  invalidAccepted: 0,
  tooManySteps: 0,
};
const reasons = new Map();
const wrong = [];
for (const [index, file] of readdirSync(folder).sort().entries()) {
  if (index % Number(every) || !file.endsWith('.json')) continue;
  const { schema, tests } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  counts.schemas++;
  let grammar;
  try {
    grammar = engine.grammar(null, 'schema', JSON.stringify(schema));
  } catch (error) {
    counts.refused++;
    const reason = error.message.replace(/#\S*/g, '#').slice(0, 90);
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    continue;
  }
  counts.enforced++;
  const orders = ordersOf(schema);
  for (const { valid, data } of tests ?? []) {
    if (isRounded(data)) continue;
    counts[valid ? 'valid' : 'invalid']++;
    let accepted = false;
    try {
      accepted = grammar.accepts(textOf(ordered(data, orders)));
    } catch {
      counts.tooManySteps++; // nothing is accepted
    }
    if (accepted === valid) continue;
    counts[valid ? 'validRejected' : 'invalidAccepted']++;
    wrong.push(`${file}: ${valid ? 'valid, rejected' : 'invalid, accepted'}`);
  }
  grammar.free();
}
console.log(JSON.stringify(counts));
for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 15)) console.log(`${count} ${reason}`);
for (const each of wrong.filter((line) => line.includes('accepted'))) console.log(each);
for (const each of wrong.filter((line) => line.includes('rejected')).slice(0, 20)) console.log(each);
