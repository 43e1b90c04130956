/* The script of one of the engine's threads: makes an instance on the shared memory and stays in the engine until it
 * stops. */
import { node } from './node.js';

/** @import { ModuleExports, ThreadMessage } from '../engine.js' */

/**
 * @param {ThreadMessage} message
 * @param {(message: string) => void} post
 */
function enter({ module, memory, worker, stack }, post) {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  post('ready');
  /** @type {ModuleExports} */ (instance.exports).qn_worker_enter(worker, stack);
}

/**
 * Takes a ThreadMessage from a port, or the port that will bring it.
 * @param {Pick<MessagePort, 'postMessage' | 'onmessage'>} port
 */
function listen(port) {
  port.onmessage = ({ data }) => (data.port ? listen(data.port) : enter(data, (message) => port.postMessage(message)));
}

if (typeof WorkerGlobalScope === 'undefined') {
  node('worker_threads').then(({ parentPort, workerData }) =>
    enter(workerData, (message) => parentPort?.postMessage(message)),
  );
} else {
  listen(/** @type {MessagePort} */ (/** @type {unknown} */ (self)));
}
