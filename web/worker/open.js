/* Starts the engine's worker from a page, and finds out why its script cannot be loaded: the browser does not say. */
import { startWorker } from '../runtime/start-worker.js';

/** How long a worker may take to start, while the page runs. The script and its imports load meanwhile. */
const START_SECONDS = 60;
const REMEDY =
  "If a bundler made the page without it, copy the package's folder to the site, and name the address of its worker.js in the option worker";

/**
 * Why a script cannot be loaded, as far as a request for it shows.
 * @param {string} address
 * @returns {Promise<{ status: number, found: string }>} status: 0 if there is no answer
 */
async function probe(address) {
  try {
    const { ok, status, statusText, headers } = await fetch(address);
    const type = headers.get('Content-Type')?.replace(/;.*/, '') ?? 'no Content-Type';
    if (!ok) return { status, found: `${status} ${statusText}` };
    if (!/javascript|ecmascript/.test(type)) return { status, found: `${status} ${statusText}, ${type}` };
    return { status, found: 'it or a script that it imports is missing, damaged or forbidden' };
  } catch (error) {
    return { status: 0, found: error.message };
  }
}

/**
 * @param {string} address of the worker's script
 * @param {{ status: number, found: string }} cause
 * @param {string} [remedy]
 */
const loadError = (address, { status, found }, remedy = REMEDY) =>
  Object.assign(new Error(`${address}: the engine's worker cannot be loaded (${found}). ${remedy}`), {
    name: 'SourceError',
    status,
  });

/**
 * Calls onSilence if a worker does not report that it has started. Seconds count one by one: while a computer sleeps or
 * a page is suspended, none pass.
 * @param {Worker} worker
 * @param {() => void} onSilence
 */
function expectReady(worker, onSilence) {
  let left = START_SECONDS;
  const over = () => {
    clearInterval(timer);
    worker.removeEventListener('message', listen);
  };
  const listen = (/** @type {MessageEvent} */ { data }) => void (data?.ready && over());
  const timer = setInterval(() => {
    if (--left > 0) return;
    over();
    onSilence();
  }, 1000);
  worker.addEventListener('message', listen);
}

/**
 * Starts the engine's worker.
 * @param {string | undefined} script its absolute address, if it is not this package's
 * @param {(error: Error) => void} onError called if the script cannot be loaded, or fails
 */
export function openWorker(script, onError) {
  let address = script ?? 'worker.js';
  try {
    const worker = startWorker(
      () =>
        script
          ? new Worker(script, { type: 'module', name: 'quern' })
          : new Worker(new URL('../worker.js', import.meta.url), { type: 'module', name: 'quern' }),
      (used) => {
        address = used.href;
      },
    );
    worker.onerror = async (event) => {
      const failed = event.message && new Error(`the worker failed: ${event.message}`);
      onError(failed || loadError(address, await probe(address)));
    };
    const silent = `it has not reported for ${START_SECONDS} seconds, so it may be another script`;
    expectReady(worker, () => onError(loadError(address, { status: 0, found: silent })));
    return worker;
  } catch (error) {
    throw loadError(address, { status: 0, found: error.message }, error.remedy);
  }
}
