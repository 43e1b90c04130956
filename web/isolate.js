/* Makes pages cross-origin isolated where the server's headers cannot be changed, so that the engine can use threads.
 * Put it into a folder above the pages and the package, and load it first in each page with
 * <script src="isolate.js"></script>. The page is reloaded on the first visit. The same file is the service worker,
 * which adds the headers to the answers for pages and workers and leaves all others alone. With
 * isolate.js?credentialless, files of other servers need no headers, but come without cookies; Safari does not support
 * that. */

/** @param {Response} response */
function isolated(response) {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set(
    'Cross-Origin-Embedder-Policy',
    location.search === '?credentialless' ? 'credentialless' : 'require-corp',
  );
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

/**
 * The address as pages with `require-trusted-types-for 'script'` want it, if they take the policy quern-isolate.
 * @param {string} script
 */
function trusted(script) {
  try {
    const { trustedTypes } = /** @type {any} */ (globalThis);
    return trustedTypes
      .createPolicy('quern-isolate', { createScriptURL: (/** @type {string} */ text) => text })
      .createScriptURL(script);
  } catch {
    return script; // there are no trusted types, or the page's own policy may take it
  }
}

/** @param {string} script the address of this file */
async function isolatePage(script) {
  const { serviceWorker } = navigator;
  const tried = sessionStorage.getItem(script);
  sessionStorage.removeItem(script);
  /* A service worker that already controls the page and did not help will not help after a reload either. */
  if (crossOriginIsolated || !serviceWorker || serviceWorker.controller || tried) return;
  const controlled = new Promise((resolve) => {
    serviceWorker.addEventListener('controllerchange', resolve, { once: true });
  });
  const { active, scope } = await serviceWorker.register(trusted(script));
  if (!location.href.startsWith(scope)) throw new Error(`it is not below the service worker's scope ${scope}`);
  if (!active) await controlled; // one is active already if the reload bypassed it (shift+reload)
  sessionStorage.setItem(script, 'tried');
  location.reload();
}

if (typeof document !== 'undefined') {
  const { src } = /** @type {HTMLScriptElement} */ (document.currentScript);
  isolatePage(src).catch((error) => console.warn(`The page is not cross-origin isolated: ${error.message}`));
} else {
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { mode, destination } = event.request;
    if (mode === 'navigate' || /worker$/.test(destination)) event.respondWith(fetch(event.request).then(isolated));
  });
}
