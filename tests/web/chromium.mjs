/* Chromium as the system has it, driven by the playwright-core of bench/node_modules. */
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../../bench/package.json', import.meta.url))('playwright-core');

export const start = (more = []) =>
  chromium.launch({
    executablePath: process.env.QUERN_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });

/* A browser with its own profile and an unpacked extension. */
export const startWithExtension = (profile, extension) =>
  chromium.launchPersistentContext(profile, {
    executablePath: process.env.QUERN_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--no-first-run',
      `--disable-extensions-except=${extension}`,
      `--load-extension=${extension}`,
    ],
  });
