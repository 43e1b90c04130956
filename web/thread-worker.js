/* A worker thread of the engine: its own instance on the shared memory, inside the engine until it is stopped. */
import { node } from './node.js';

function enter({ module, memory, worker, stack }, post) {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  post('ready');
  instance.exports.qn_worker_enter(worker, stack);
}

if (typeof WorkerGlobalScope === 'undefined') {
  node('worker_threads').then(({ parentPort, workerData }) => enter(workerData, (message) => parentPort.postMessage(message)));
} else {
  self.onmessage = ({ data }) => enter(data, (message) => self.postMessage(message));
}
