/* Model files: the default model, and reading at an offset. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './child.js';

const DEFAULT = 'SmolLM2-135M-Instruct.Q4_1.gguf';

export const cache = () =>
  process.env.QUERN_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'quern');

/* The path of the model given by -m, or of the default model, which a checkout downloads if necessary. */
export async function modelPath(given) {
  if (given !== undefined) return given;
  const path = join(cache(), 'models', DEFAULT);
  if (existsSync(path)) return path;
  const tool = fileURLToPath(new URL('../../tools/fetch_model.py', import.meta.url));
  if (existsSync(tool)) {
    const status = await runChild('python3', [tool, 'smollm2'], { stdio: ['ignore', 'ignore', 'inherit'] }).catch(
      () => 1,
    );
    if (status === 0 && existsSync(path)) return path;
    if (status > 128) process.exit(status);
  }
  throw new Error(`the default model is not at ${path} and could not be downloaded; choose a model with -m`);
}

const REASONS = { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a directory' };

/* Returns the result of use(). Adds the file's name to errors of the file system. */
export function withPath(path, use) {
  try {
    return use();
  } catch (error) {
    throw new Error(`${path}: ${REASONS[error.code] ?? error.message}`);
  }
}

/* The path of split 1, 2, ... of a model whose first split is name-00001-of-00003.gguf. */
function splitPath(path, split) {
  const end = path.match(/-00001(-of-\d{5}\.gguf)$/);
  if (!end)
    throw new Error(
      `${path}: the model is split into several files, but this name does not end like -00001-of-00003.gguf`,
    );
  return `${path.slice(0, end.index)}-${String(split + 1).padStart(5, '0')}${end[1]}`;
}

/* The files that a raw piece belongs to, in order. Raw pieces are the bytes of one GGUF file, cut anywhere:
 * name.part1of2, name.part2of2 or name-split-a, name-split-b. Other files are one piece. */
export function piecesOf(path) {
  const numbered = /\.part(\d+)of(\d+)$/.exec(path);
  if (numbered) {
    const [end, number, count] = numbered;
    const nameOf = (i) => `${path.slice(0, -end.length)}.part${String(i + 1).padStart(number.length, '0')}of${count}`;
    return Array.from({ length: Number(count) }, (_, i) => nameOf(i));
  }
  if (!/-split-[a-z]$/.test(path)) return [path];
  const names = Array.from({ length: 26 }, (_, i) => path.slice(0, -1) + String.fromCharCode(97 + i));
  const last = names.findLastIndex((name) => existsSync(name));
  return last < 0 ? [path] : names.slice(0, last + 1);
}

/* The size of a regular file in bytes. */
function sizeOf(path) {
  const stat = withPath(path, () => statSync(path)); /* before opening, which would block on a pipe */
  if (!stat.isFile()) throw new Error(`${path}: is ${stat.isDirectory() ? 'a directory' : 'not a regular file'}`);
  return stat.size;
}

/* Opens files whose bytes follow each other: {size, read(bytes, offset), close()}. */
function openPieces(paths) {
  let size = 0;
  const pieces = paths.map((path) => {
    const start = size;
    size += sizeOf(path);
    return { path, start, end: size, file: withPath(path, () => openSync(path, 'r')) };
  });
  return {
    size,
    read(bytes, offset) {
      const piece = pieces.find(({ end }) => offset < end) ?? pieces.at(-1);
      const length = Math.min(bytes.length, Math.max(piece.end - offset, 0));
      return withPath(piece.path, () => readSync(piece.file, bytes, 0, length, offset - piece.start));
    },
    close() {
      for (const { file } of pieces) closeSync(file);
    },
  };
}

/* A source for Engine.loadModel: {path, size, read, close}. */
export function openModel(path) {
  const splits = [openPieces(piecesOf(path))];
  return {
    path,
    size: splits[0].size,
    read(bytes, offset, split) {
      splits[split] ??= openPieces([splitPath(path, split)]);
      return splits[split].read(bytes, offset);
    },
    close() {
      for (const each of splits) each.close();
    },
  };
}

/* Where a command writes its result: {write(bytes), close()}. path: a file, or - for standard output. */
export function openOutput(path) {
  if (path === '-') {
    const write = (bytes) => new Promise((resolve) => process.stdout.write(bytes, resolve));
    return { write, close() {} };
  }
  const file = withPath(path, () => openSync(path, 'w'));
  const write = (bytes) => withPath(path, () => writeSync(file, bytes));
  return { write, close: () => closeSync(file) };
}

/* The text without the byte order mark that some editors put at its start. */
const withoutMark = (bytes) =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/* The bytes of a text file. */
export const readText = (path) => withoutMark(withPath(path, () => readFileSync(path)));

/* The text on standard input, as bytes and as a string. */
export function standardInput() {
  if (process.stdin.isTTY) process.stderr.write('quern: reading standard input until end of file (Ctrl-D)\n');
  return withoutMark(new Uint8Array(readFileSync(0)));
}

export const standardText = () => new TextDecoder().decode(standardInput());
