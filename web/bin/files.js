/* Model files: where the default one is kept, and reading by position. */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DEFAULT = 'SmolLM2-135M-Instruct.Q4_1.gguf';

export const cache = () =>
  process.env.QUERN_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'quern');

/* The path of the model that was asked for, or of the default one, which is fetched when a checkout's tool is there. */
export function modelPath(asked) {
  if (asked !== undefined) return asked;
  const path = join(cache(), 'models', DEFAULT);
  if (existsSync(path)) return path;
  const tool = fileURLToPath(new URL('../../tools/fetch_model.py', import.meta.url));
  if (existsSync(tool)) {
    const child = spawnSync('python3', [tool, 'smollm2'], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (child.status === 0 && existsSync(path)) return path;
  }
  throw new Error(`the default model is not at ${path} and could not be fetched; name one with -m`);
}

const REASONS = { ENOENT: 'there is no such file', EACCES: 'permission denied', EISDIR: 'it is a directory' };

/* What use() returns; a refusal names the file. */
export function withPath(path, use) {
  try {
    return use();
  } catch (error) {
    throw new Error(`${path}: ${REASONS[error.code] ?? error.message}`);
  }
}

/* The file of part 1, 2, ... of a model whose first part is name-00001-of-00003.gguf. */
function partPath(path, part) {
  const end = path.match(/-00001(-of-\d{5}\.gguf)$/);
  if (!end)
    throw new Error(
      `${path}: the model goes on in other files, but the name does not end as -00001-of-00003.gguf does`,
    );
  return `${path.slice(0, end.index)}-${String(part + 1).padStart(5, '0')}${end[1]}`;
}

/* A source for Engine.loadModel: {path, size, read, close}. */
export function openModel(path) {
  const stat = withPath(path, () => statSync(path)); /* before opening: that would wait at a pipe */
  if (!stat.isFile()) throw new Error(`${path}: it is ${stat.isDirectory() ? 'a directory' : 'not a regular file'}`);
  const open = (name) => ({ name, file: withPath(name, () => openSync(name, 'r')) });
  const parts = [open(path)];
  return {
    path,
    size: stat.size,
    read(bytes, offset, part) {
      const { name, file } = (parts[part] ??= open(partPath(path, part)));
      return withPath(name, () => readSync(file, bytes, 0, bytes.length, offset));
    },
    close: () => parts.forEach(({ file }) => closeSync(file)),
  };
}

/* The status to end with after a child process, as shells give it. */
export const exitStatus = (child) => child.status ?? 128 + (constants.signals[child.signal] ?? 1);

/* All of standard input, as bytes and as text. */
export function standardInput() {
  if (process.stdin.isTTY) process.stderr.write('quern: reading standard input, to its end\n');
  return new Uint8Array(readFileSync(0));
}

export const standardText = () => new TextDecoder().decode(standardInput());
