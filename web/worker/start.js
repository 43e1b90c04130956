/* Starts the engine: chooses the build that fits the host and the model, and fetches it. */
import { Engine } from '../engine/engine.js';
import { chooseBuild, MAX_BYTES_32 } from '../runtime/choose.js';
import { moduleUrl } from '../runtime/modules.js';
import { isNode, node } from '../runtime/node.js';
import { SourceError } from '../sources/index.js';

/**
 * @import { SpawnThread } from '../engine.js'
 * @import { LoadOptions } from '../index.js'
 * @import { Choice } from '../runtime/choose.js'
 * @import { Source } from '../sources/index.js'
 *
 * @typedef {Pick<LoadOptions, 'build' | 'threads' | 'contextSize'> & { wasm?: string }} StartOptions
 * @typedef {{ build: Choice, engine: Engine }} Started
 */

const LARGE_BYTES = 2 ** 30; // a 32-bit module surely holds a smaller file and the default context
const DEFAULT_CONTEXT = 4096; // tokens
const MAGIC = [0, 97, 115, 109]; // the first bytes of every module
const REMEDY = "Put the package's folder wasm beside its scripts, or name another folder with the option wasm";

async function processors() {
  if (!isNode) return globalThis.navigator?.hardwareConcurrency;
  const { availableParallelism } = await node('os');
  return availableParallelism();
}

/**
 * The bytes of a module.
 * @param {string} url
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function fetchModule(url) {
  if (isNode && url.startsWith('file:')) {
    const { readFile } = await node('fs/promises');
    return new Uint8Array(await readFile(new URL(url)));
  }
  const answer = await fetch(url).catch((error) => {
    throw new SourceError(
      `${url}: the engine's module cannot be fetched (${error.message}). Without a network, only the module of an earlier visit is available: load with the same build and number of threads`,
    );
  });
  if (!answer.ok)
    throw new SourceError(
      `${url}: the engine's module is not there (${answer.status} ${answer.statusText}). ${REMEDY}`,
      { status: answer.status },
    );
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (MAGIC.every((byte, i) => bytes[i] === byte)) return bytes;
  const type = answer.headers.get('content-type') ?? 'of no type';
  throw new SourceError(
    `${url}: the server answered with something else (${type}, ${bytes.length} bytes) instead of the engine's module; it may answer so to every unknown path. ${REMEDY}`,
    { status: answer.status },
  );
}

/* Whether not even an empty module can be compiled. */
const isForbidden = () =>
  WebAssembly.compile(new Uint8Array([...MAGIC, 1, 0, 0, 0])).then(
    () => false,
    () => true,
  );

/**
 * Compiles and starts a module.
 * @param {string} url
 * @param {{ threads: number, spawn?: SpawnThread }} options
 */
async function startModule(url, options) {
  const bytes = await fetchModule(url);
  return Engine.start(bytes, options).catch(async (error) => {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    if (await isForbidden())
      throw new SourceError(
        `${url}: a Content-Security-Policy forbids WebAssembly (${error.message}). Add 'wasm-unsafe-eval' to its script-src, for the page and for the package's scripts`,
      );
    throw new SourceError(
      `${url}: the engine's module is damaged (${error.message}). Upload it again as a binary file`,
    );
  });
}

/**
 * Starts the chosen build; with one thread if its threads cannot be started.
 * @param {StartOptions} options
 * @param {boolean} memory64 whether the model needs 64-bit addresses
 * @param {SpawnThread} [spawn]
 * @returns {Promise<Started>}
 */
export async function startEngine(options, memory64, spawn) {
  const canSpawn = isNode || !!spawn || typeof Worker !== 'undefined';
  const build = chooseBuild({ processors: await processors(), ...options, memory64, canSpawn });
  /** @param {number} threads */
  const start = async (threads) => {
    const file = threads > 1 ? build.file : build.file.replace('-mt', '');
    return startModule(moduleUrl(file, options.wasm), { threads, spawn });
  };
  try {
    return { build, engine: await start(build.threads) };
  } catch (error) {
    if (build.threads === 1) throw error;
    const reason = `one thread, because more could not be started: ${error.message}`;
    return {
      build: {
        ...build,
        threads: 1,
        name: build.name.replace('-mt', ''),
        reason: [build.reason, reason].filter(Boolean).join('; '),
      },
      engine: await start(1),
    };
  }
}

/**
 * Whether a model needs 64-bit addresses. Large ones are planned with a 32-bit module to find out.
 * @param {StartOptions} options
 * @param {Source} source
 */
export async function needsMemory64(options, source) {
  const { contextSize = 0 } = options;
  if (source.size < LARGE_BYTES && source.splits.length === 1 && contextSize <= DEFAULT_CONTEXT) return false;
  const { engine } = await startEngine({ ...options, threads: 1 }, false);
  const model = await engine.openDirectory(source);
  const context = options.contextSize ?? Math.min(model.contextSize, DEFAULT_CONTEXT);
  return model.plan(context).totalBytes > MAX_BYTES_32;
}
