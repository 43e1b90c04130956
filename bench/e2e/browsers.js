/* Starts the system's Chromium (with Playwright) and Firefox (with WebDriver BiDi), both headless. */
import { serve } from './server.js';

const CHROMIUM = process.env.QUERN_CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.QUERN_FIREFOX ?? '/usr/bin/firefox-esr';
const QUIET = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const launch = {
  async chromium() {
    const { chromium } = await import('playwright-core');
    return chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  },
  async firefox() {
    const { default: puppeteer } = await import('puppeteer-core');
    return puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, protocolTimeout: 0 });
  },
};

/* Returns {version(), page(url) → {evaluate, close}, close()}. The browser starts when it is first needed. */
export function browser(name) {
  let started;
  const running = () => {
    started ??= launch[name]();
    return started;
  };
  return {
    async page(url) {
      const page = await (await running()).newPage();
      page.on('pageerror', (error) => console.error(`${name}: ${error.message ?? error}`));
      if (process.env.QUERN_BENCH_LOG) page.on('console', (message) => console.error(`${name}: ${message.text()}`));
      await page.goto(url);
      await page.waitForFunction(() => window.loaded);
      return page;
    },
    async version() {
      return (await (await running()).version()).replace(/^.*\//, '');
    },
    async close() {
      if (started) await (await started).close();
    },
  };
}

/* Returns the result of work(page, server) for a page of the source tree, such as /bench/kernels/page.html. */
export async function withPage(name, path, work) {
  const server = await serve();
  const host = browser(name);
  try {
    return await work(await host.page(`${server.url}${path}`), server);
  } finally {
    await host.close();
    server.close();
  }
}
