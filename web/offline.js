/* The service worker of the demo, at the root of what is served so that the engine's workers go through it too. The app
 * is kept as it is used: from the network first, from what was kept when there is none. Models are not its business. */

const CACHE = 'quern-app';
const SHELL = ['demo/', ...['style.css', 'chat.css', 'panels.css', 'app.js', 'answer.js', 'chat.js', 'conversations.js', 'dom.js',
  'installed.js', 'markdown.js', 'models.js', 'panels.js', 'progress.js', 'settings.js', 'tokens.js', 'icons.svg', 'icon.svg',
  'manifest.webmanifest', 'models.json', 'vendor/marked.js', 'vendor/purify.js'].map((name) => `demo/${name}`), 'index.js'];
const APP = /(\/|\.(html|js|css|svg|json|webmanifest|wasm))$/;
const PATIENCE = 4000; // ms that the network may take when there is something kept

addEventListener('install', (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => Promise.allSettled(SHELL.map((path) => cache.add(path)))));
});

addEventListener('activate', (event) => event.waitUntil(clients.claim()));

function isolated(response) {
  if (response.type === 'opaque' || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

async function answer(request) {
  const cache = await caches.open(CACHE);
  const keep = await cache.match(request, { ignoreSearch: true });
  const signal = keep && AbortSignal.timeout(PATIENCE);
  try {
    const response = await fetch(request, { signal });
    if (response.ok) await cache.put(new URL(request.url).origin + new URL(request.url).pathname, response.clone());
    return isolated(response);
  } catch (error) {
    if (keep) return isolated(keep);
    throw error;
  }
}

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method === 'GET' && url.origin === location.origin && APP.test(url.pathname) && !request.headers.has('range')) {
    event.respondWith(answer(request));
  }
});
