/* The threads of a threaded module. Each is a worker of the host with its own instance of the module on the shared
 * memory. */
import { isNode, node } from './node.js';
import { startWorker } from './start-worker.js';

/**
 * @import { ModuleExports, SpawnThread, ThreadMessage, ThreadWorker } from '../engine.js'
 * @import { Port } from '../worker/link.js'
 */

/**
 * The threads of an engine. stop() lets them leave the engine and ends them; free all sessions first.
 * @typedef {{ stop(): Promise<unknown> }} RunningThreads
 */

const usesNodeWorkers = isNode && !('Deno' in globalThis);

const threadWorker = () =>
  startWorker(
    () => new Worker(new URL('./thread-worker.js', import.meta.url), { type: 'module', name: 'quern thread' }),
  );

/**
 * Runs thread-worker.js in a worker of the calling thread.
 * @param {ThreadMessage} message
 * @returns {Promise<ThreadWorker>}
 */
async function spawnHere(message) {
  if (usesNodeWorkers) {
    const { Worker: NodeWorker } = await node('worker_threads');
    const worker = new NodeWorker(new URL('./thread-worker.js', import.meta.url), { workerData: message });
    return /** @type {ThreadWorker} */ (/** @type {unknown} */ (worker));
  }
  const worker = threadWorker();
  worker.postMessage(message);
  return worker;
}

/**
 * Makes a SpawnThread that runs thread-worker.js in a worker of the page behind `port`; the page calls startForWorker.
 * In Firefox, `new Worker` in a worker can wait forever while a debugger is attached, because the debugger's notice
 * about the new worker may wake the wrong one. The message with the memory goes from worker to worker through its own
 * channel, because the page would keep the memory until its next garbage collection.
 * @param {Port} port
 * @returns {SpawnThread}
 */
export function spawnByPage(port) {
  return (message) => {
    const data = new MessageChannel();
    const control = new MessageChannel();
    port.postMessage({ thread: data.port2, control: control.port2 }, [data.port2, control.port2]);
    data.port1.postMessage(message);
    /** @type {ThreadWorker} */
    const worker = { terminate: () => control.port1.postMessage('end') };
    data.port1.onmessage = (event) => worker.onmessage?.(event);
    control.port1.onmessage = (event) => worker.onerror?.(event.data);
    return worker;
  };
}

/**
 * The page's side of spawnByPage: starts a worker that takes its message from the port `thread`. `control` reports
 * errors, and ends the worker on any message.
 * @param {{ thread: MessagePort, control: MessagePort }} ports
 * @returns {() => void} ends the worker
 */
export function startForWorker({ thread, control }) {
  /** @type {Worker | undefined} */
  let worker;
  const end = () => worker?.terminate();
  control.onmessage = end;
  try {
    worker = threadWorker();
    worker.onerror = ({ message }) => control.postMessage({ message: message ?? 'its script could not be loaded' });
    worker.postMessage({ port: thread }, [thread]);
  } catch (error) {
    control.postMessage({ message: /** @type {Error} */ (error).message });
  }
  return end;
}

/**
 * Resolves when the worker is about to enter the engine.
 * @param {ThreadWorker} worker
 */
function ready(worker) {
  return new Promise((resolve, reject) => {
    /** @param {{ message?: string }} event */
    const fail = (event) => reject(new Error(`a thread could not be started: ${event.message ?? event}`));
    if (usesNodeWorkers) {
      const nodeWorker = /** @type {import('node:worker_threads').Worker} */ (/** @type {unknown} */ (worker));
      nodeWorker.once('message', resolve);
      nodeWorker.once('error', fail);
    } else {
      worker.onmessage = resolve;
      worker.onerror = fail;
    }
  });
}

/**
 * Starts threads - 1 workers in addition to the calling thread, before the first session is made. The calling thread
 * must be allowed to block: in a browser, a dedicated worker.
 * @param {object} options
 * @param {WebAssembly.Module} options.module
 * @param {WebAssembly.Memory} options.memory
 * @param {ModuleExports} options.exports of the first instance; see numberExports
 * @param {number} options.threads
 * @param {boolean} [options.memory64] whether the module has 64-bit addresses
 * @param {SpawnThread} [options.spawn]
 * @returns {Promise<RunningThreads>}
 */
export async function startThreads({ module, memory, exports, threads, memory64 = false, spawn = spawnHere }) {
  if (exports.qn_threads_start(threads) !== 0) {
    throw new Error(`${threads} threads could not be started`);
  }
  /** @type {(ThreadWorker & { unref?(): void })[]} */
  const workers = [];
  try {
    for (let worker = 1; worker < threads; worker++) {
      const stack = exports.qn_worker_stack(worker);
      workers.push(await spawn({ module, memory, worker, stack: memory64 ? BigInt(stack) : stack }));
    }
    await Promise.all(workers.map(ready));
  } catch (error) {
    /* Threads that did start wait in the engine for the others, so they cannot leave it: end them all. */
    for (const worker of workers) worker.terminate();
    throw error;
  }
  for (const worker of workers) worker.unref?.(); // an idle engine does not keep a Node process alive
  return {
    stop() {
      exports.qn_threads_stop();
      return Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    },
  };
}
