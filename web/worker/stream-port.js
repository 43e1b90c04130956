/* Streams that another thread reads, chunk by chunk: not all browsers can transfer a ReadableStream. A message to the
 * port asks for a chunk, or ends the reading. */
import { compact } from '../sources/bytes.js';

const READ = 'read';
const CANCEL = 'cancel';

/**
 * A port for readStream(). The stream is read when the other side asks.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {MessagePort}
 */
export function streamPort(stream) {
  const { port1, port2 } = new MessageChannel();
  const reader = stream.getReader();
  port1.onmessage = async ({ data }) => {
    if (data === CANCEL) {
      port1.close();
      await reader.cancel().catch(() => {}); // nobody is interested in the stream any more
      return;
    }
    try {
      const { done, value } = await reader.read();
      /** @type {Transferable[]} */
      const copies = [];
      port1.postMessage({ done, value: compact(value, copies) }, copies);
      if (done) port1.close();
    } catch (error) {
      port1.postMessage({ error: String(error?.message ?? error) });
    }
  };
  return port2;
}

/**
 * The stream behind a port.
 * @param {MessagePort} port
 * @returns {ReadableStream<Uint8Array>}
 */
export function readStream(port) {
  return new ReadableStream({
    pull: (controller) =>
      new Promise((resolve) => {
        port.onmessage = ({ data: { done, value, error } }) => {
          if (error !== undefined) controller.error(new Error(error));
          else if (done) controller.close();
          else controller.enqueue(value);
          resolve();
        };
        port.postMessage(READ);
      }),
    cancel() {
      port.onmessage = null; // a chunk may be on its way
      port.postMessage(CANCEL);
    },
  });
}
