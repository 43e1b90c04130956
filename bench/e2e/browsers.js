/* Chromium through Playwright and Firefox through WebDriver BiDi, both headless, as the system has them. */

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

/* {version, page(url) → {evaluate, close}, close()}: started when first asked for a page. */
export function browser(name) {
  let started;
  return {
    async page(url) {
      started ??= launch[name]();
      const page = await (await started).newPage();
      page.on('pageerror', (error) => console.error(`${name}: ${error.message ?? error}`));
      if (process.env.QUERN_BENCH_LOG) page.on('console', (message) => console.error(`${name}: ${message.text()}`));
      await page.goto(url);
      await page.waitForFunction(() => window.loaded);
      return page;
    },
    async version() {
      return (await (await (started ??= launch[name]())).version()).replace(/^.*\//, '');
    },
    async close() {
      if (started) await (await started).close();
    },
  };
}
