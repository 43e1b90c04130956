/* A model whose engine runs in a thread of its own, so that the server answers other requests while it computes. */
import { Worker } from 'node:worker_threads';
import { loadThrough } from '../../api/load.js';
import { Link } from '../../worker/link.js';

/**
 * @param {string[]} paths of the model's files
 * @param {boolean} joined whether they are pieces of one file, rather than splits
 * @param {object} options of loadModel
 */
export function loadInThread(paths, joined, options) {
  const worker = new Worker(new URL('./engine-thread.js', import.meta.url));
  return loadThrough(Link.toThread(worker), { paths, joined }, options);
}
