/* Chromium and Firefox with a profile of their own on the disk, as a visitor has one, because an off-the-record profile
 * has different storage. Both are the system's browsers, driven by the packages of bench/node_modules. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../../bench/package.json', import.meta.url));
export const QUIET = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const launch = {
  async chromium(preferences) {
    const profile = mkdtempSync(join(tmpdir(), 'quern-chromium-'));
    const context = await require('playwright-core').chromium.launchPersistentContext(profile, {
      executablePath: process.env.QUERN_CHROMIUM ?? '/usr/bin/chromium',
      args: QUIET,
      ...preferences,
    });
    return {
      newPage: () => context.newPage(),
      async close() {
        await context.close();
        rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
      },
    };
  },
  async firefox(extraPrefsFirefox) {
    const browser = await require('puppeteer-core').launch({
      browser: 'firefox',
      executablePath: process.env.QUERN_FIREFOX ?? '/usr/bin/firefox-esr',
      headless: true,
      protocolTimeout: 0,
      extraPrefsFirefox,
    });
    return { newPage: () => browser.newPage(), close: () => browser.close() };
  },
};

/* {page(url) → a page of Playwright or Puppeteer, close()} */
export async function start(name, preferences) {
  const browser = await launch[name](preferences);
  return {
    name,
    async page(url) {
      const page = await browser.newPage();
      page.on('pageerror', (error) => console.error(`${name}: ${error.message ?? error}`));
      await page.goto(url);
      return page;
    },
    close: () => browser.close(),
  };
}
