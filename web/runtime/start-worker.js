/* Starts module workers, also where the browser refuses their script. */

const NO_POLICY = "the page's Content-Security-Policy requires trusted types and refuses this package's policy";
const REMEDY = "Add quern to the policy's directive trusted-types";

const trustedTypes = () => /** @type {any} */ (globalThis).trustedTypes;

/** @typedef {(address: string) => string} Trust marks an address as that of a trusted script */
/** @type {Trust | undefined} */
let trust;

/**
 * Pages with `require-trusted-types-for 'script'` start workers only from addresses that a policy has made. If the page
 * refuses this policy, its default policy may take plain addresses.
 * @returns {Trust}
 */
function trustOfPage() {
  try {
    const policy = trustedTypes().createPolicy('quern', { createScriptURL: (/** @type {string} */ text) => text });
    return (address) => policy.createScriptURL(address);
  } catch {
    return (address) => address; // also where there are no trusted types
  }
}

/**
 * @param {typeof Worker} BrowserWorker
 * @param {string} address
 * @param {WorkerOptions} [options]
 */
function trustedWorker(BrowserWorker, address, options) {
  trust ??= trustOfPage();
  const trusted = trust(address);
  try {
    return new BrowserWorker(trusted, options);
  } catch (error) {
    if (!trustedTypes() || typeof trusted !== 'string' || !(error instanceof TypeError)) throw error;
    throw Object.assign(new Error(`${NO_POLICY}: ${error.message}`), { remedy: REMEDY });
  }
}

/**
 * A worker for a script at any address. Browsers refuse scripts of another origin, and frames with an opaque origin
 * refuse all scripts. They allow a script made here that imports the other one.
 * @param {typeof Worker} BrowserWorker
 * @param {URL} address
 * @param {WorkerOptions} [options]
 */
function workerFor(BrowserWorker, address, options) {
  const { protocol, origin, href } = address;
  try {
    if (!/^https?:$/.test(protocol) || origin === globalThis.origin) return trustedWorker(BrowserWorker, href, options);
  } catch (error) {
    if (error.name !== 'SecurityError') throw error;
  }
  const quoted = JSON.stringify(href);
  const source = options?.type === 'module' ? `import ${quoted};` : `importScripts(${quoted});`;
  /* Chromium refuses a blob's imports where the origin is opaque. Elsewhere, a data URL would make it opaque. */
  if (globalThis.origin === 'null')
    return trustedWorker(BrowserWorker, `data:text/javascript,${encodeURIComponent(source)}`, options);
  const script = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = trustedWorker(BrowserWorker, script, options);
  worker.addEventListener('message', () => URL.revokeObjectURL(script), { once: true });
  return worker;
}

/**
 * Starts a worker. Bundlers recognize workers by the exact form of the expression, `new Worker(new URL(…), …)`, and
 * change the address in it. So `start` uses the expression, and the constructor is replaced for as long as that takes.
 * @param {() => Worker} start
 * @param {(address: URL) => void} [onAddress]
 */
export function startWorker(start, onAddress = () => {}) {
  const BrowserWorker = globalThis.Worker;
  globalThis.Worker = new Proxy(BrowserWorker, {
    construct(_, [address, options]) {
      const url = new URL(address, globalThis.document?.baseURI ?? location.href);
      onAddress(url);
      return workerFor(BrowserWorker, url, options);
    },
  });
  try {
    return start();
  } finally {
    globalThis.Worker = BrowserWorker;
  }
}
