/* Starts the engine's worker from a page, and finds out why its script cannot be loaded: the browser does not say. */

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
 */
const loadError = (address, { status, found }) =>
  Object.assign(new Error(`${address}: the engine's worker cannot be loaded (${found}). ${REMEDY}`), {
    name: 'SourceError',
    status,
  });

/**
 * The package's own worker. Bundlers recognize a worker by the exact form of this expression and change the address in
 * it, so the address is read from the constructor's argument.
 * @param {(address: string | URL) => void} onAddress
 */
function ownWorker(onAddress) {
  const BrowserWorker = globalThis.Worker;
  globalThis.Worker = class extends BrowserWorker {
    /**
     * @param {string | URL} address
     * @param {WorkerOptions} [options]
     */
    constructor(address, options) {
      onAddress(address);
      super(address, options);
    }
  };
  try {
    return new Worker(new URL('../worker.js', import.meta.url), { type: 'module', name: 'quern' });
  } finally {
    globalThis.Worker = BrowserWorker;
  }
}

/**
 * Starts the engine's worker.
 * @param {string | URL | undefined} script its address, if it is not this package's
 * @param {(error: Error) => void} onError called if the script cannot be loaded, or fails
 */
export function openWorker(script, onError) {
  /** @type {string | URL} */
  let address = script ?? 'worker.js';
  try {
    const worker = script
      ? new Worker(script, { type: 'module', name: 'quern' })
      : ownWorker((own) => {
          address = own;
        });
    const { href } = new URL(address, globalThis.location?.href);
    worker.onerror = async (event) =>
      onError(event.message ? new Error(`the worker failed: ${event.message}`) : loadError(href, await probe(href)));
    return worker;
  } catch (error) {
    throw loadError(String(address), { status: 0, found: error.message });
  }
}
