/* Workers of a threaded module: each is a thread of the host with an instance of its own on the shared memory. */
import { isNode, node } from './node.js';

const nodeThreads = isNode && typeof Deno === 'undefined';

/* Runs thread-worker.js with a message: in a worker of the caller's. */
async function spawnHere(message) {
  if (nodeThreads) {
    const { Worker: Thread } = await node('worker_threads');
    return new Thread(new URL('./thread-worker.js', import.meta.url), { workerData: message });
  }
  const worker = new Worker(new URL('./thread-worker.js', import.meta.url), { type: 'module', name: 'quern thread' });
  worker.postMessage(message);
  return worker;
}

/* Runs it in a worker of the page that `port` leads to, which does as startForWorker does; the message goes past the page, which
 * would keep the memory until it collects garbage. Firefox may wait for ever in a worker's own `new Worker` while a debugger
 * listens: its notice that the new one is known can wake the new one instead of the old. */
export function spawnByPage(port) {
  return (message) => {
    const talk = new MessageChannel();
    const control = new MessageChannel();
    port.postMessage({ thread: talk.port2, control: control.port2 }, [talk.port2, control.port2]);
    talk.port1.postMessage(message);
    const worker = { terminate: () => control.port1.postMessage('end') };
    talk.port1.onmessage = (event) => worker.onmessage(event);
    control.port1.onmessage = ({ data }) => worker.onerror(data);
    return worker;
  };
}

/* The page's part: starts a worker that does what it is told through the port `thread`, and ends it when `control` says so, which is
 * told what went wrong. Returns what ends it. */
export function startForWorker({ thread, control }) {
  let worker;
  const end = () => worker?.terminate();
  control.onmessage = end;
  try {
    worker = new Worker(new URL('./thread-worker.js', import.meta.url), { type: 'module', name: 'quern thread' });
    worker.onerror = ({ message }) => control.postMessage({ message: message ?? 'its script could not be loaded' });
    worker.postMessage({ port: thread }, [thread]);
  } catch ({ message }) {
    control.postMessage({ message });
  }
  return end;
}

/* Resolves when the worker says that it is about to enter the engine. */
function ready(worker) {
  return new Promise((resolve, reject) => {
    const fail = (event) => reject(new Error(`a worker did not start: ${event.message ?? event}`));
    if (nodeThreads) {
      worker.once('message', resolve);
      worker.once('error', fail);
    } else {
      worker.onmessage = resolve;
      worker.onerror = fail;
    }
  });
}

/* Starts threads - 1 workers beside the caller's thread. To be called before the first session, in a thread that is
 * allowed to wait: in a browser, a dedicated worker. `exports` are those of the first instance of `module` on
 * `memory`, numberExports of a 64-bit module (`wide`). spawn: see spawnByPage. Returns an object whose stop() lets the workers
 * leave; sessions must have been freed by then. */
export async function startThreads({ module, memory, exports, threads, wide = false, spawn = spawnHere }) {
  if (exports.qn_threads_start(threads) !== 0) {
    throw new Error(`${threads} threads could not be started`);
  }
  const workers = [];
  try {
    for (let worker = 1; worker < threads; worker++) {
      const stack = exports.qn_worker_stack(worker);
      workers.push(await spawn({ module, memory, worker, stack: wide ? BigInt(stack) : stack }));
    }
    await Promise.all(workers.map(ready));
  } catch (error) {
    /* Those that are ready wait in the engine, and it would wait for the others: none is asked, all are ended. */
    for (const worker of workers) worker.terminate();
    throw error;
  }
  /* An engine that is not in use does not keep a program from ending. */
  for (const worker of workers) worker.unref?.();
  return {
    stop() {
      exports.qn_threads_stop();
      return Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    },
  };
}
