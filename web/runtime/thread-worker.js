/* A worker thread of the engine: its own instance on the shared memory, inside the engine until it is stopped. */
import { node } from './node.js';

function enter({ module, memory, worker, stack }, post) {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  post('ready');
  instance.exports.qn_worker_enter(worker, stack);
}

if (typeof WorkerGlobalScope === 'undefined') {
  node('worker_threads').then(({ parentPort, workerData }) =>
    enter(workerData, (message) => parentPort.postMessage(message)),
  );
} else {
  const listen = (port) => {
    port.onmessage = ({ data }) =>
      data.port ? listen(data.port) : enter(data, (message) => port.postMessage(message));
  };
  listen(self); // what started it tells it, or names the port that will
}
