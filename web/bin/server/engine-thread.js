/* The thread of a model's engine: see thread.js. */
import { openAsBlob } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { serve } from '../../worker/serve.js';

/** @import { MessagePort } from 'node:worker_threads' */

/* Blobs of files cannot be posted, so they are opened here. */
async function sourceOf({ paths, joined }) {
  const blobs = await Promise.all(paths.map((path) => openAsBlob(path)));
  return { files: joined ? [new Blob(blobs)] : blobs };
}

const outside = /** @type {MessagePort} */ (parentPort);
/** @type {import('../../worker/link.js').Port} */
const inside = { onmessage: null, postMessage: (message, transfer) => outside.postMessage(message, transfer) };
serve(inside);
outside.on('message', async (data) => {
  const { call, args } = data;
  if (call === 'load') args[0] = await sourceOf(args[0]);
  inside.onmessage?.({ data });
});
