/* Registers the service worker, which lets the page work offline and adds the headers that threads need where the
 * server does not send them. */

const RELOADED = 'quern.isolated';
const TIMEOUT = 20_000; // ms; a slow device takes seconds to start a service worker

async function takeControl() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) throw new Error('service workers need a secure page and a browser that supports them');
  await serviceWorker.register(new URL('../offline.js', import.meta.url), {
    scope: new URL('../', import.meta.url).pathname,
  });
  await serviceWorker.ready;
  if (!serviceWorker.controller) {
    await new Promise((resolve) => {
      serviceWorker.addEventListener('controllerchange', resolve, { once: true });
    });
  }
  if (!crossOriginIsolated && !sessionStorage.getItem(RELOADED)) {
    sessionStorage.setItem(RELOADED, 'tried');
    location.reload();
    await new Promise(() => {});
  }
}

/* Fetches again what was fetched before the service worker took over, so that it is stored. */
async function storeEarlierFiles() {
  const fetched = performance.getEntriesByType('resource').map(({ name }) => name);
  const links = [...document.querySelectorAll('link:not([rel="apple-touch-icon"])')].map(({ href }) => href);
  const own = [
    ...new Set([location.origin + location.pathname, new URL('./', location.href).href, ...fetched, ...links]),
  ].filter((url) => new URL(url).origin === location.origin && !/\.gguf$/.test(url));
  await Promise.allSettled(own.map((url) => fetch(url)));
}

const firstVisit = !navigator.serviceWorker?.controller;
const control = takeControl();
let timer;
const timeout = new Promise((resolve) => {
  timer = setTimeout(resolve, TIMEOUT, 'late');
});

/* Resolves when the service worker handles the page's requests, or when there will be none. The engine loads after
 * that, because its worker is stored only if the service worker sees the request. */
export const controlled = () => Promise.race([control.catch(() => {}), timeout]);

let offline = false;
/* Whether the page, and the engine if it has been loaded, work without a network. */
export const worksOffline = () => offline;

async function enableOffline() {
  const inTime = (await Promise.race([control, timeout])) !== 'late';
  clearTimeout(timer);
  await control;
  if (firstVisit) await storeEarlierFiles();
  offline = inTime; // otherwise the engine's worker started too early to be stored; the next visit stores it
  document.body.dataset.offline = offline ? 'ready' : 'later';
}
enableOffline().catch((error) => {
  clearTimeout(timer);
  console.warn(`The page will not work offline: ${error.message}`);
});
