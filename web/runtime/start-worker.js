/* Starts module workers, also where the browser refuses their script. */

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
    if (!/^https?:$/.test(protocol) || origin === globalThis.origin) return new BrowserWorker(address, options);
  } catch (error) {
    if (error.name !== 'SecurityError') throw error;
  }
  const quoted = JSON.stringify(href);
  const source = options?.type === 'module' ? `import ${quoted};` : `importScripts(${quoted});`;
  /* Chromium refuses a blob's imports where the origin is opaque. Elsewhere, a data URL would make it opaque. */
  if (globalThis.origin === 'null')
    return new BrowserWorker(`data:text/javascript,${encodeURIComponent(source)}`, options);
  const script = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new BrowserWorker(script, options);
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
