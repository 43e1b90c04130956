/* The page as an app: its service worker keeps it for use without a network, and isolates it (which threads need) where
 * the server's headers do not. */

const RELOADED = 'quern.isolated';

async function takeControl() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register(new URL('../offline.js', import.meta.url), { scope: new URL('../', import.meta.url).pathname });
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
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
  const own = [...new Set([location.origin + location.pathname, new URL('./', location.href).href, ...came, ...links])].filter((url) => new URL(url).origin === location.origin && !/\.gguf$/.test(url));
  await Promise.allSettled(own.map((url) => fetch(url)));
}

/* Resolves when requests go through the service worker, or cannot. */
const late = !navigator.serviceWorker?.controller;
const control = takeControl();
control.then(() => late && keepWhatCame()).catch((error) => console.warn(`Not kept for use without a network: ${error.message}`));
export const controlled = () => Promise.race([control.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 3000))]);
