/* An engine in this process, with a model or only its directory. */
import { availableParallelism } from 'node:os';
import { Engine } from '../engine.js';
import { chooseBuild } from './builds.js';
import { modelPath, openModel } from './files.js';
import { progress } from './progress.js';

export function threadsOf(options) {
  return options.threads ?? Math.min(2, availableParallelism());
}

export async function startEngine(options, threads = 1) {
  const build = chooseBuild(options.build, threads);
  const engine = await Engine.start(build.wasm, { threads });
  return { engine, build };
}

const named = (path, error) => (error?.name === 'QuernError' ? Object.assign(error, {
  message: `${path}: ${error.message}${error.offset === null ? '' : ` (byte ${error.offset})`}`,
}) : error);

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

export async function openDirectory(options) {
  const started = await startEngine(options);
  return withSource(options, async (source) => ({ ...started, model: await started.engine.openDirectory(source), source }));
}

export async function loadModel(options, threads = threadsOf(options)) {
  const started = await startEngine(options, threads);
  const bar = progress('loading');
  return withSource(options, async (source) => {
    const model = await started.engine.loadModel(source, { onProgress: bar.show });
    bar.done();
    return { ...started, model, source, threads };
  });
}
