/* The demo's service worker. It stores the app as it is used: requests go to the network first, and to the stored
 * copy where that fails or is slow. Models are stored by the package instead.
 *
 * Servers must serve this file from the folder above the demo (../offline.js), because a service worker controls
 * only URLs below its own, and the engine's workers are in a folder next to the demo. */

const CACHE = 'quern-app';
const APP = /(\/|\.(html|js|css|svg|png|json|webmanifest|wasm))$/;
const TIMEOUT = 4000; // ms for the network, if there is a stored copy

async function answer(event) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const cache = await caches.open(CACHE);
  const stored = await cache.match(origin + pathname);
  const late = new Promise((_, reject) => {
    if (stored) setTimeout(reject, TIMEOUT);
  });
  try {
    const response = await Promise.race([fetch(request), late]);
    /* If the storage is full, the page works without a copy. */
    if (response.ok) event.waitUntil(cache.put(origin + pathname, response.clone()).catch(() => {}));
    return isolated(response);
  } catch (error) {
    if (stored) return isolated(stored);
    throw error;
  }
}

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (
    request.method === 'GET' &&
    url.origin === location.origin &&
    APP.test(url.pathname) &&
    !request.headers.has('range')
  ) {
    event.respondWith(answer(event));
  }
});

/* Defines isolated(), which adds the headers. Its own listener must come second, because the first one to respond
 * wins. */
importScripts('isolate.js');
