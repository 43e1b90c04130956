/* Isolates the pages of a server whose headers cannot be changed, so that the engine has threads. It goes into a folder above
 * the pages and the package, and <script src="isolate.js"></script> into the pages, first of all: a page is loaded
 * once more the first time. The same file is the service worker, which adds the headers to pages and workers, and leaves
 * everything else alone. With isolate.js?credentialless what other servers send needs no header of theirs, but comes without
 * cookies; Safari does not know that. */

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

async function isolatePage(script) {
  const { serviceWorker } = navigator;
  const tried = sessionStorage.getItem(script);
  sessionStorage.removeItem(script);
  /* One that controls the page already and did not help will not help after another reload either. */
  if (crossOriginIsolated || !serviceWorker || serviceWorker.controller || tried) return;
  const controlled = new Promise((resolve) => {
    serviceWorker.addEventListener('controllerchange', resolve, { once: true });
  });
  const { active, scope } = await serviceWorker.register(script);
  if (!location.href.startsWith(scope)) throw new Error(`it is not below ${scope}`);
  if (!active) await controlled; /* there already is one where a reload was forced past it */
  sessionStorage.setItem(script, 'tried');
  location.reload();
}

if (typeof document !== 'undefined') {
  isolatePage(document.currentScript.src).catch((error) => console.warn(`The page is not isolated: ${error.message}`));
} else {
  addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    const { mode, destination } = event.request;
    if (mode === 'navigate' || /worker$/.test(destination)) event.respondWith(fetch(event.request).then(isolated));
  });
}
