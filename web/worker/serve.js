/* The worker's side of the connection: receives calls and sends their answers. link.js has the page's side and the
 * messages. */
import { Host } from './host.js';

/** @import { CallContext } from './host.js' */
/** @import { Port } from './link.js' */

/**
 * A running call. end() aborts it; `ended` resolves when it has ended.
 * @typedef {{ call: string, end: (reason?: unknown) => Promise<void>, ended: Promise<void> }} RunningCall
 */

/**
 * Structured cloning would drop an error's own fields.
 * @param {any} error
 */
function plainError(error) {
  const { name, message, code, offset, param, status } = error;
  return { name, message: String(message ?? error), code, offset, param, status };
}

/**
 * Serves a model to the other end of a port.
 * @param {Port} port
 */
export function serve(port) {
  const host = new Host(port);
  /** @type {Map<number, RunningCall>} */
  const running = new Map();

  /**
   * @param {number} id
   * @param {string} call
   * @param {unknown[]} args
   */
  async function run(id, call, args) {
    const controller = new AbortController();
    let over = () => {};
    /** @type {Promise<void>} */
    const ended = new Promise((resolve) => {
      over = resolve;
    });
    /** @param {unknown} [reason] */
    const end = (reason) => {
      controller.abort(reason);
      return ended;
    };
    running.set(id, { call, end, ended });
    /** @type {CallContext} */
    const context = {
      signal: controller.signal,
      emit: (chunk) => port.postMessage({ id, chunk }),
      others: () =>
        [...running.values()].filter((each) => each.ended !== ended && each.call !== 'free').map((each) => each.ended),
    };
    try {
      const value = await /** @type {any} */ (host)[call](args, context);
      port.postMessage({ id, value });
    } catch (error) {
      port.postMessage({ id, error: plainError(error) });
    } finally {
      running.delete(id);
      over();
      if (!running.size) host.idle();
    }
  }

  port.onmessage = async ({ data: { id, call, args, abort } }) => {
    if (abort) {
      running.get(id)?.end();
      return;
    }
    if (call === 'free')
      await Promise.all([...running.values()].map((other) => other.end(new Error('the model has been freed'))));
    await run(id, call, args);
  };
  port.postMessage({ ready: true });
}
