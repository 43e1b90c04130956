/* Quern in a browser as a competitor: the page's side of quern-worker.js. */
import { startForWorker } from '../../web/runtime/threads.js';

export async function open(cell) {
  const worker = new Worker(new URL('./quern-worker.js', import.meta.url), { type: 'module' });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        if (data.thread) startForWorker(data);
        else if (data.error) reject(new Error(data.error));
        else resolve(data);
      };
      worker.onerror = (event) => reject(new Error(event.message ?? 'the worker failed'));
      worker.postMessage(message);
    });
  return {
    ...(await ask({ open: cell })),
    round: () => ask('round'),
    async close() {
      await ask('close');
      worker.terminate();
    },
  };
}
