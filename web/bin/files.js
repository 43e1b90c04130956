/* Model files: the default model, and reading at an offset. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
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

/* A source for Engine.loadModel: {path, size, read, close}. */
export function openModel(path) {
  const stat = withPath(path, () => statSync(path)); /* before opening, which would block on a pipe */
  if (!stat.isFile()) throw new Error(`${path}: is ${stat.isDirectory() ? 'a directory' : 'not a regular file'}`);
  const open = (name) => ({ name, file: withPath(name, () => openSync(name, 'r')) });
  const splits = [open(path)];
  return {
    path,
    size: stat.size,
    read(bytes, offset, split) {
      splits[split] ??= open(splitPath(path, split));
      const { name, file } = splits[split];
      return withPath(name, () => readSync(file, bytes, 0, bytes.length, offset));
    },
    close() {
      for (const { file } of splits) closeSync(file);
    },
  };
}

/* All of standard input, as bytes and as text. */
export function standardInput() {
  if (process.stdin.isTTY) process.stderr.write('quern: reading standard input until end of file (Ctrl-D)\n');
  return new Uint8Array(readFileSync(0));
}

export const standardText = () => new TextDecoder().decode(standardInput());
