/* An engine in this process, with a model or only its directory. */
import { availableParallelism } from 'node:os';
import { Engine } from '../engine.js';
import { chooseBuild, knowsWide, NARROW_BYTES } from './builds.js';
import { modelPath, openModel } from './files.js';
import { progress } from './progress.js';
import { tuneThreads } from '../runtime/tune.js';

const MOST_THREADS = 32; /* that an engine takes */

/* Those to start: what was asked for, or what the host offers, of which a trial then chooses. */
export function threadsOf(options) {
  return options.threads ?? Math.min(MOST_THREADS, availableParallelism());
}

export async function startEngine(options, threads = 1, wide = false) {
  const build = chooseBuild(options.build, threads, wide);
  const engine = await Engine.start(build.wasm, { threads });
  return { engine, build };
}

const named = (path, error) =>
  error?.name === 'QuernError'
    ? Object.assign(error, {
        message: `${path}: ${error.message}${error.offset === null ? '' : ` (byte ${error.offset})`}`,
      })
    : error;

/* What `use` returns; what the engine says in it names the file. */
export function naming(path, use) {
  try {
    return use();
  } catch (error) {
    throw named(path, error);
  }
}

async function withSource(options, use) {
  const source = openModel(modelPath(options.model));
  try {
    return await use(source);
  } catch (error) {
    throw named(source.path, error);
  } finally {
    source.close();
  }
}

/* This Node cannot address as much as the model takes. */
export class TooWide extends Error {}

const MUCH = 2 ** 30; /* bytes of a file; below, or in one part, nothing is asked of the plan */
const USUAL_CONTEXT = 4096;

/* Whether the model needs 64-bit addresses, as --bits or its plan says. */
async function needsWide(options, source) {
  if (options.bits !== undefined) return options.bits === 64;
  if (source.size < MUCH && !/-of-\d{5}\.gguf$/.test(source.path) && !(options.context > USUAL_CONTEXT)) return false;
  const { engine } = await startEngine(options);
  const model = await engine.openDirectory(source);
  if (options.kv) model.useCache(options.kv);
  const context = options.context || Math.min(model.contextSize, USUAL_CONTEXT);
  return model.plan(context, options.batch ?? 0).totalBytes > NARROW_BYTES;
}

export async function openDirectory(options) {
  const started = await startEngine(options, 1, options.bits === 64);
  return withSource(options, async (source) => {
    const model = await started.engine.openDirectory(source);
    if (options.kv) model.useCache(options.kv);
    return { ...started, model, source };
  });
}

export async function loadModel(options, threads = threadsOf(options)) {
  const bar = progress('loading');
  return withSource(options, async (source) => {
    const wide = await needsWide(options, source);
    if (wide && !knowsWide()) throw new TooWide('the model takes more than 4 GiB, and this Node has no 64-bit memory');
    const started = await startEngine(options, threads, wide);
    const model = await started.engine.loadModel(source, { onProgress: bar.show });
    if (options.kv) model.useCache(options.kv);
    bar.done();
    const used = options.threads ?? tuneThreads(started.engine, model, threads);
    return { ...started, model, source, threads: used };
  });
}
