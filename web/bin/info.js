/* quern info: a model's metadata, tensors and memory plan. */
import { openDirectory } from './engine.js';

const TYPES = {
  0: 'f32',
  1: 'f16',
  2: 'q4_0',
  3: 'q4_1',
  6: 'q5_0',
  7: 'q5_1',
  8: 'q8_0',
  9: 'q8_1',
  10: 'q2_K',
  11: 'q3_K',
  12: 'q4_K',
  13: 'q5_K',
  14: 'q6_K',
  15: 'q8_K',
  16: 'iq2_xxs',
  17: 'iq2_xs',
  18: 'iq3_xxs',
  19: 'iq1_s',
  20: 'iq4_nl',
  21: 'iq3_s',
  22: 'iq2_s',
  23: 'iq4_xs',
  24: 'i8',
  25: 'i16',
  26: 'i32',
  27: 'i64',
  28: 'f64',
  29: 'iq1_m',
  30: 'bf16',
  34: 'tq1_0',
  35: 'tq2_0',
  39: 'mxfp4',
  40: 'nvfp4',
  41: 'q1_0',
  42: 'q2_0',
};
const STRING = 8;
const ARRAY = 9;
const SHOWN = 8; /* elements of an array that are printed */

/* By GGUF type of a number: [size in bytes, reader]. */
const NUMBERS = {
  0: [1, (v, i) => v.getUint8(i)],
  1: [1, (v, i) => v.getInt8(i)],
  2: [2, (v, i) => v.getUint16(i, true)],
  3: [2, (v, i) => v.getInt16(i, true)],
  4: [4, (v, i) => v.getUint32(i, true)],
  5: [4, (v, i) => v.getInt32(i, true)],
  6: [4, (v, i) => v.getFloat32(i, true)],
  7: [1, (v, i) => v.getUint8(i) !== 0],
  10: [8, (v, i) => Number(v.getBigUint64(i, true))],
  11: [8, (v, i) => Number(v.getBigInt64(i, true))],
  12: [8, (v, i) => v.getFloat64(i, true)],
};

/* The value of a metadata entry; for a long array, its length and first elements. */
function metadataValue({ type, elementType, bytes, count }) {
  const view = new DataView(bytes.buffer);
  const text = (from, length) => new TextDecoder().decode(bytes.subarray(from, from + length));
  if (type === STRING) return text(0, bytes.length);
  if (type !== ARRAY) return NUMBERS[type][1](view, 0);
  const first = [];
  for (let i = 0, at = 0; i < Math.min(count, SHOWN); i++) {
    if (elementType === STRING) {
      const length = Number(view.getBigUint64(at, true));
      first.push(text(at + 8, length));
      at += 8 + length;
    } else {
      const [size, read] = NUMBERS[elementType];
      first.push(read(view, at));
      at += size;
    }
  }
  return count <= SHOWN ? first : { count, first };
}

/* {type: {count, bytes}} */
function tensorTotals(model) {
  const totals = {};
  for (const { type, bytes } of model.tensors()) {
    const name = TYPES[type] ?? `type ${type}`;
    totals[name] ??= { count: 0, bytes: 0 };
    totals[name].count++;
    totals[name].bytes += bytes;
  }
  return totals;
}

const cut = (text, length) => (text.length > length ? `${text.slice(0, length)}...` : text);

function describeValue(value) {
  if (value?.first) return `${value.count}: ${JSON.stringify(value.first).slice(0, 60)}...`;
  return cut(JSON.stringify(value), 100);
}

function describe({ file, build, metadata, tensors, plan }) {
  const number = (value, width = 14) => String(value).padStart(width);
  const lines = [`file ${file}`, `build ${build}`, '', 'metadata'];
  for (const [key, value] of Object.entries(metadata)) lines.push(`  ${key} = ${describeValue(value)}`);
  lines.push('', 'tensors');
  for (const [type, { count, bytes }] of Object.entries(tensors))
    lines.push(`  ${type.padEnd(8)}${number(count, 5)}${number(bytes)} bytes`);
  lines.push('', `memory in bytes, for a context of ${plan.context} tokens and micro-batches of ${plan.batch}`);
  const rows = {
    tensors: plan.tensorBytes,
    metadata: plan.metadataBytes,
    'full KV cache': plan.kvBytes,
    scratch: plan.scratchBytes,
    total: plan.totalBytes,
  };
  for (const [name, bytes] of Object.entries(rows)) lines.push(`  ${name.padEnd(16)}${number(bytes)}`);
  lines.push(`  the KV cache grows by ${plan.kvPageBytes} bytes per ${plan.kvPageTokens} tokens`);
  return lines.join('\n');
}

export default async function info(options) {
  const { engine, model, build, source } = await openDirectory(options);
  const metadata = {};
  for (const entry of model.metadata(1 << 16)) metadata[entry.key] = metadataValue(entry);
  const tensors = tensorTotals(model);
  const plan = model.plan(options.context ?? 0, options.batch ?? 0);
  const about = { file: source.path, build: build.name, features: engine.features, metadata, tensors, plan };
  process.stdout.write(`${options.json ? JSON.stringify(about) : describe(about)}\n`);
}
