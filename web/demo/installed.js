/* The page as an app: its service worker keeps it for use without a network, and isolates it (which threads need) where
 * the server's headers do not. */

const RELOADED = 'quern.isolated';
const PATIENCE = 20_000; // ms: a slow device takes seconds to start a service worker, and without it the engine is not kept

async function takeControl() {
  const { serviceWorker } = navigator;
  if (!serviceWorker) throw new Error('this browser, or a page that is not secure, has no service workers');
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

/* What was fetched before the service worker was there is fetched once more, so that it is kept. */
async function keepWhatCame() {
  const came = performance.getEntriesByType('resource').map(({ name }) => name);
  const links = [...document.querySelectorAll('link:not([rel="apple-touch-icon"])')].map(({ href }) => href);
  const own = [
    ...new Set([location.origin + location.pathname, new URL('./', location.href).href, ...came, ...links]),
  ].filter((url) => new URL(url).origin === location.origin && !/\.gguf$/.test(url));
  await Promise.allSettled(own.map((url) => fetch(url)));
}

const late = !navigator.serviceWorker?.controller;
const control = takeControl();
let timer;
const patience = new Promise((resolve) => {
  timer = setTimeout(resolve, PATIENCE, 'late');
});

/* Resolves when requests go through the service worker, or will not. */
export const controlled = () => Promise.race([control.catch(() => {}), patience]);

let kept = false;
/* Whether the page, and the engine once it has been loaded, are there without a network. */
export const worksOffline = () => kept;

async function keep() {
  const inTime = (await Promise.race([control, patience])) !== 'late';
  clearTimeout(timer);
  await control;
  if (late) await keepWhatCame();
  kept = inTime; // the worker of an engine that started before is kept at the next visit
  document.body.dataset.offline = kept ? 'ready' : 'later';
}
keep().catch((error) => {
  clearTimeout(timer);
  console.warn(`Not kept for use without a network: ${error.message}`);
});
