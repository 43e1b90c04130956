/* Takes the screenshots of the demo in docs/screenshots, and renders the PNG icon from the SVG:
 * node tools/screenshots.mjs <SmolLM2.gguf> [wide|narrow|dark|icon...] */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { start } from '../tests/web/chromium.mjs';
import { serve } from '../tests/web/server.js';

const [file, ...wanted] = process.argv.slice(2);
const DEMO = fileURLToPath(new URL('../web/demo/', import.meta.url));
const OUT = fileURLToPath(new URL('../docs/screenshots/', import.meta.url));
const QUALITY = 88;
const SIZES = {
  wide: { viewport: { width: 1280, height: 800 } },
  narrow: { viewport: { width: 390, height: 780 }, scale: 2 },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
};
const RATE = 25e6; // bytes per second, slow enough to show a download

async function tour(browser, name) {
  const server = await serve();
  const model = server.add(file, { rate: RATE });
  const { scale = 1, ...options } = SIZES[name];
  const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const client = await context.newCDPSession(page);
  const take = async (state) => {
    const { data } = await client.send('Page.captureScreenshot', {
      format: 'webp',
      quality: QUALITY,
      clip: { x: 0, y: 0, ...options.viewport, scale },
    });
    writeFileSync(`${OUT}${state}-${name}.webp`, Buffer.from(data, 'base64'));
  };
  await page.goto(`${server.url}/web/demo/index.html`);
  await page.evaluate(() => localStorage.setItem('quern.settings', '{"temperature":0}'));
  await page.reload();
  await page.waitForSelector('body[data-started]');
  await page.waitForSelector('#cards button');
  await take('empty');

  await page.fill('#url', model.url);
  await page.press('#url', 'Enter');
  await page.waitForFunction(() => document.getElementById('loading-bar').value > 0.55);
  await take('downloading');
  await page.waitForSelector('body[data-model="ready"]');

  await page.fill('#prompt', 'Write a JavaScript function that reverses a string, and explain it.');
  await page.press('#prompt', 'Enter');
  await page.waitForSelector('#stop:not([hidden])');
  await page.waitForSelector('#send:not([hidden])');
  await page.evaluate(() => {
    document.getElementById('scroll').scrollTop = 0;
  });
  await take('chatting');

  for (const sidebar of ['settings', 'tokens']) {
    await page.click(`#open-${sidebar}`);
    await page.waitForTimeout(500);
    if (sidebar === 'tokens') await page.locator('#answer-tokens .token').nth(3).hover();
    await take(sidebar);
    await page.click(`#${sidebar} .close`);
  }
  await context.close();
  server.close();
}

async function icon(browser) {
  const page = await browser.newPage({ viewport: { width: 192, height: 192 } });
  await page.setContent(
    `<style>body { margin: 0 } svg { display: block }</style>${readFileSync(`${DEMO}icon.svg`, 'utf8')}`,
  );
  await page.screenshot({ path: `${DEMO}icon-192.png` });
}

mkdirSync(OUT, { recursive: true });
const browser = await start();
for (const name of Object.keys(SIZES)) if (wanted.length === 0 || wanted.includes(name)) await tour(browser, name);
if (wanted.length === 0 || wanted.includes('icon')) await icon(browser);
await browser.close();
