/* Runs an engine in this process, with a whole model or only its directory. */
import { availableParallelism } from 'node:os';
import { Engine } from '../engine.js';
import { tune } from '../runtime/tune.js';
import { chooseBuild, MAX_BYTES_32, supports64Bits } from './builds.js';
import { COMMANDS } from './commands.js';
import { modelPath, openModel } from './files.js';
import { progress } from './progress.js';

const MAX_THREADS = COMMANDS.run.options.threads.range[1];

/* The number of threads to start. Unless the user sets it, tuning may then use fewer. */
export function threadsOf(options) {
  return options.threads ?? Math.min(MAX_THREADS, availableParallelism());
}

export async function startEngine(options, threads = 1, bits = 32) {
  const build = chooseBuild(options.build, threads, bits);
  const engine = await Engine.start(build.wasm, { threads });
  return { engine, build };
}

const named = (path, error) =>
  error?.name === 'QuernError'
    ? Object.assign(error, {
        message: `${path}: ${error.message}${error.offset === null ? '' : ` (byte ${error.offset})`}`,
      })
    : error;

/* Returns the result of use(). Adds the file's name to errors of the engine. */
export function naming(path, use) {
  try {
    return use();
  } catch (error) {
    throw named(path, error);
  }
}

async function withSource(options, use) {
  const source = openModel(await modelPath(options.model));
  try {
    return await use(source);
  } catch (error) {
    throw named(source.path, error);
  } finally {
    source.close();
  }
}

/* Thrown for a model that needs 64-bit addresses, where Node does not support them. */
export class TooLarge extends Error {}

const LARGE_FILE = 2 ** 30; /* bytes; below this, a single file with a short context fits 32-bit addresses */
export const DEFAULT_CONTEXT = 4096;

/* The bits of an address that the model needs, from --bits or its plan. */
async function addressBits(options, source) {
  if (options.bits !== undefined) return options.bits;
  const short = !(options.context > DEFAULT_CONTEXT);
  if (source.size < LARGE_FILE && !/-of-\d{5}\.gguf$/.test(source.path) && short) return 32;
  const { engine } = await startEngine(options);
  const model = await engine.openDirectory(source);
  if (options.kv) model.useCache(options.kv);
  const context = options.context || Math.min(model.contextSize, DEFAULT_CONTEXT);
  return model.plan(context, options.batch ?? 0).totalBytes > MAX_BYTES_32 ? 64 : 32;
}

export async function openDirectory(options) {
  const started = await startEngine(options, 1, options.bits);
  return withSource(options, async (source) => {
    const model = await started.engine.openDirectory(source);
    if (options.kv) model.useCache(options.kv);
    if (options.nfc) model.useNfc(true);
    return { ...started, model, source };
  });
}

export async function loadModel(options, threads = threadsOf(options)) {
  const bar = progress('loading');
  return withSource(options, async (source) => {
    const bits = await addressBits(options, source);
    if (bits === 64 && !supports64Bits())
      throw new TooLarge('the model needs more than 4 GiB, and this version of Node does not support 64-bit memory');
    const started = await startEngine(options, threads, bits);
    const model = await started.engine.loadModel(source, { onProgress: bar.show });
    if (options.kv) model.useCache(options.kv);
    if (options.nfc) model.useNfc(true);
    bar.done();
    const given = { threads: options.threads, order: options['weight-order'] };
    return { ...started, model, source, ...tune(started.engine, model, { started: threads, ...given }) };
  });
}
