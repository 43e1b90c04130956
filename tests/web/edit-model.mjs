/* Makes edited copies of the tiny models of tests/vectors. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const HEADER_BYTES = 24;
const I32 = 5; // types of GGUF values
const F32 = 6;
const STRING = 8;
const ARRAY = 9;
const ALIGNMENT = 32;

const uint = (bits, value) => {
  const bytes = Buffer.alloc(bits / 8);
  bits === 64 ? bytes.writeBigUInt64LE(BigInt(value)) : bytes.writeUInt32LE(value);
  return bytes;
};
const string = (text) => Buffer.concat([uint(64, Buffer.byteLength(text)), Buffer.from(text)]);
const TYPES = { i32: I32, f32: F32 };
const writers = { i32: 'writeInt32LE', f32: 'writeFloatLE' };
function numbers(type, values) {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes[writers[type]](value, 4 * i);
  return bytes;
}

/* The type and bytes of a value: a text, {i32} or {f32} with a number or a list, or a list of texts. */
function encoded(value) {
  if (typeof value === 'string') return [uint(32, STRING), string(value)];
  if (Array.isArray(value))
    return [uint(32, ARRAY), uint(32, STRING), uint(64, value.length), ...value.map((each) => string(each))];
  const [[type, content]] = Object.entries(value);
  if (!Array.isArray(content)) return [uint(32, TYPES[type]), numbers(type, [content])];
  return [uint(32, ARRAY), uint(32, TYPES[type]), uint(64, content.length), numbers(type, content)];
}
const entry = (key, value) => Buffer.concat([string(key), ...encoded(value)]);

/* The file with other names for its control tokens <pad> and <eos>. */
function renamed(file, tokens) {
  if (tokens.length === 0) return file;
  const from = Buffer.concat(['<pad>', '<eos>'].map(string));
  const start = file.indexOf(from);
  assert.ok(start > 0);
  return Buffer.concat([file.subarray(0, start), ...tokens.map(string), file.subarray(start + from.length)]);
}

/* A function that makes copies of the tiny models in a folder, with more metadata and with some bytes replaced by as many
 * others. add: values by key, as in encoded. */
export const editorOf =
  (folder) =>
  (name, { add = {}, replace = {}, tokens = [] } = {}) => {
    const original = readFileSync(join(folder, name));
    const file = renamed(Buffer.from(original), tokens);
    for (const [from, to] of Object.entries(replace)) {
      const at = file.indexOf(from);
      assert.ok(at > 0 && Buffer.byteLength(from) === Buffer.byteLength(to), from);
      file.write(to, at);
    }
    const entries = Object.entries(add).map(([key, text]) => entry(key, text));
    const bytes = Buffer.concat([...entries, entry('test.padding', '')]).length + file.length - original.length;
    entries.push(entry('test.padding', ' '.repeat((ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT)));
    const count = file.readBigUInt64LE(16) + BigInt(entries.length);
    return new Uint8Array(
      Buffer.concat([file.subarray(0, 16), uint(64, count), ...entries, file.subarray(HEADER_BYTES)]),
    );
  };
