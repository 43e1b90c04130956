/* The service worker of the demo. Servers serve it from the folder above the demo (../offline.js): a service worker controls
 * only URLs below its own, and the engine's workers are beside the demo. The app is kept as it is used: from the network
 * first, from what was kept when there is none. Models are not its business. */

const CACHE = 'quern-app';
const APP = /(\/|\.(html|js|css|svg|png|json|webmanifest|wasm))$/;
const PATIENCE = 4000; // ms that the network may take when there is something kept

async function answer(event) {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const cache = await caches.open(CACHE);
  const kept = await cache.match(origin + pathname);
  const late = new Promise((_, reject) => {
    if (kept) setTimeout(reject, PATIENCE);
  });
  try {
    const response = await Promise.race([fetch(request), late]);
    /* Where there is no room for a copy, the page goes on without one. */
    if (response.ok) event.waitUntil(cache.put(origin + pathname, response.clone()).catch(() => {}));
    return isolated(response);
  } catch (error) {
    if (kept) return isolated(kept);
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

/* After the listener above, which answers first: what adds the headers. */
importScripts('isolate.js');
