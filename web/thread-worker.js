/* A worker thread of the engine: its own instance on the shared memory, inside the engine until it is stopped. */

function enter({ module, memory, worker, stack }, post) {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  post('ready');
  instance.exports.qn_worker_enter(worker, stack);
}

if (typeof WorkerGlobalScope === 'undefined') {
  const { parentPort, workerData } = await import('node:worker_threads');
  enter(workerData, (message) => parentPort.postMessage(message));
} else {
  self.onmessage = ({ data }) => enter(data, (message) => self.postMessage(message));
}
