/* What a visitor of a page feels, in Chromium: node page.js [first visit blocked abort bytes memory] prints a line for each
 * figure. SmolLM2 as tools/fetch_model.py puts it, for memory the 1B shape as e2e/suite.js writes it. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { start } from '../tests/web/browsers.mjs';
import { serve } from '../tests/web/server.js';
import { peakPss, pssBytes } from './e2e/pss.js';

const MODELS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'quern/models');
const SMALL = join(MODELS, 'SmolLM2-135M-Instruct.Q4_1.gguf');
const LARGE = join(MODELS, 'synth/llama-3.2-1b.q4_k_m.gguf');
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const RATE = 20e6; /* bytes a second */
const ROUNDS = 3;
const WORDS = 'The quick brown fox jumps over the lazy dog and then it sleeps. ';

const say = (what, ...values) => console.log(`${what}: ${values.join(', ')}`);
const ms = (value) => `${Math.round(value)} ms`;
const mb = (value) => `${Math.round(value / 1e6)} MB`;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/* In the page: asks at once, and tells when the first token came, in milliseconds since 1970, and how many the prompt had. */
async function firstToken([url, words, options]) {
  const { loadModel } = await import('/web/index.js');
  const model = await loadModel(url, { early: true, contextSize: 512, ...options });
  const request = { messages: [{ role: 'user', content: words }], max_tokens: 2, temperature: 0, stream: true, stream_options: { include_usage: true } };
  let at = 0;
  let tokens = 0;
  for await (const { choices: [choice], usage } of await model.chat.completions.create(request)) {
    if (choice?.delta.content) at ||= performance.timeOrigin + performance.now();
    tokens = usage?.prompt_tokens ?? tokens;
  }
  await model.loaded;
  const { threads, from } = model.info;
  await model.free();
  return { at, tokens, threads, from };
}

async function inBrowser(work) {
  const server = await serve();
  const browser = await start('chromium');
  try {
    return await work({ server, browser, page: () => browser.page(`${server.url}/tests/web/blank.html`) });
  } finally {
    await browser.close();
    server.close();
  }
}

const parts = {
  /* From the server's last byte to the first token. */
  async first() {
    for (const ranges of [true, false]) {
      const seen = [];
      for (let round = 0; round < ROUNDS; round++) {
        await inBrowser(async ({ server, page }) => {
          const file = server.add(SMALL, { ranges, rate: RATE });
          const { at, tokens, threads } = await (await page()).evaluate(firstToken, [file.url, WORDS.repeat(5), {}]);
          seen.push({ late: at - file.lastSent, tokens, threads });
        });
      }
      const [{ tokens, threads }] = seen;
      say(`first token after the last byte, ${ranges ? 'range requests' : 'one stream'}, ${RATE / 1e6} MB/s, prompt of ${tokens} tokens, ${threads} threads`,
        ms(median(seen.map(({ late }) => late))), `of ${seen.map(({ late }) => ms(late)).join(' ')}`);
    }
  },

  /* The page, the package and the model from what the first visit left, with the server gone. */
  async visit() {
    await inBrowser(async ({ server, browser }) => {
      const html = '<!doctype html><script>navigator.serviceWorker.register("offline.js")</script>';
      server.folder([['/web/page.html', Buffer.from(html)]]);
      const { url } = server.add(SMALL);
      const open = () => browser.page(`${server.url}/web/page.html`);
      const first = await open();
      await first.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
      await first.reload();
      await first.evaluate(firstToken, [url, 'What is the capital of France?', {}]);
      await first.close();
      server.offline = true;
      const seen = [];
      for (let round = 0; round < ROUNDS; round++) {
        const page = await open();
        const { at, from, tokens } = await page.evaluate(firstToken, [url, 'What is the capital of France?', {}]);
        seen.push({ after: at - await page.evaluate(() => performance.timeOrigin), from, tokens });
        await page.close();
      }
      say(`second visit without the network, from navigation to the first token (prompt of ${seen[0].tokens} tokens, from the ${seen[0].from})`,
        ms(median(seen.map(({ after }) => after))), `of ${seen.map(({ after }) => ms(after)).join(' ')}`);
    });
  },

  /* Tasks of the page's thread while a prompt is computed, as far as the browser tells them: those over 50 ms. */
  async blocked() {
    await inBrowser(async ({ server, page }) => {
      const { url } = server.add(SMALL);
      const { tasks, tokens, took } = await (await page()).evaluate(async ([url, words]) => {
        const { loadModel } = await import('/web/index.js');
        const model = await loadModel(url, { contextSize: 2048 });
        const tasks = [];
        const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
        observer.observe({ type: 'longtask' });
        const ids = (await model.tokenize(words)).slice(0, 600);
        const session = await model.session();
        const begun = performance.now();
        await session.prefill(ids);
        const took = performance.now() - begun;
        await new Promise((resolve) => { setTimeout(resolve, 500); });
        await model.free();
        return { tasks, tokens: ids.length, took };
      }, [url, WORDS.repeat(50)]);
      say(`tasks over 50 ms on the page's thread while ${tokens} tokens were computed in ${ms(took)}`, tasks.length, ...tasks.map(ms));
    });
  },

  /* From abort() to the rejection, and until the engine answers to something else. */
  async abort() {
    await inBrowser(async ({ server, page }) => {
      const file = server.add(SMALL);
      const tab = await page();
      await tab.evaluate((script) => import(script).then(() => {}), '/tests/web/package-page.js');
      const most = (seen) => `rejected ${ms(Math.max(...seen.map(({ rejected }) => rejected)))}, engine free ${ms(Math.max(...seen.map(({ free }) => free)))}`;
      file.rate = RATE;
      const download = await tab.evaluate((url) => my.aborted((signal) => my.load(url, { signal, cache: false }), () => new Promise((go) => { setTimeout(go, 1000); })), file.url);
      say('abort of a download', `rejected ${ms(download.rejected)}`);
      file.rate = Infinity;
      await tab.evaluate((url) => my.load(url, { contextSize: 2048 }), file.url);
      for (const [what, request] of [['prefill', { prompt: WORDS.repeat(50), max_tokens: 1 }], ['decode', { prompt: 'One', max_tokens: 900, logit_bias: { 2: -100 } }]]) {
        const seen = [];
        for (let i = 0; i < 10; i++) {
          seen.push(await tab.evaluate(([given, after]) => my.aborted((signal) => my.model.completions.create(given, { signal }),
            () => new Promise((go) => { setTimeout(go, after); })), [request, 200 + 37 * i]));
        }
        say(`abort of a ${what}, the longest of ${seen.length}`, most(seen));
      }
    });
  },

  /* What a page fetches besides the model, compressed. */
  async bytes() {
    await inBrowser(async ({ server, page }) => {
      const tab = await page();
      const from = server.requests.length;
      await tab.evaluate(firstToken, [server.add(SMALL).url, 'Hello', {}]);
      const paths = [...new Set(server.requests.slice(from))].filter((path) => path.startsWith('/web/'));
      const all = paths.map((path) => readFileSync(join(ROOT, path)));
      const sum = (pack) => all.reduce((total, bytes) => total + pack(bytes).length, 0);
      say(`${paths.length} files besides the model`, `${sum((bytes) => bytes)} bytes`, `gzip ${sum(gzipSync)}`, `brotli ${sum(brotliCompressSync)}`);
    });
  },

  /* The most that all of the browser's processes took while the 1B shape was loaded and answered, less those of an empty page. */
  async memory() {
    if (!existsSync(LARGE)) return say('memory', `no ${LARGE}`);
    const cell = { prompt: 100, generate: 16, context: 0, threads: 2, seed: 1 };
    const peers = ['wllama-2', 'wllama-3'].map((name) => [name, async ([url, name, cell]) => {
      const { open } = await import(`/bench/e2e/${name}.js`);
      const it = await open({ url, ...cell });
      await it.round();
    }]);
    const ours = async ([url, , { threads, prompt, generate }]) => {
      const { loadModel } = await import('/web/index.js');
      const model = await loadModel(url, { threads, contextSize: prompt + generate + 8 });
      await model.completions.create({ prompt: Array.from({ length: prompt }, (_, i) => 300 + i), max_tokens: generate, temperature: 0, logit_bias: { 2: -100 } });
    };
    for (const [name, run] of [['quern', ours], ...peers]) {
      await inBrowser(async ({ server, page }) => {
        const file = server.add(LARGE);
        const tab = await page();
        await new Promise((resolve) => { setTimeout(resolve, 2000); });
        const before = pssBytes();
        const { peak } = await peakPss(() => tab.evaluate(run, [file.url, name, cell]));
        say(`${name}, file of ${mb(file.size)}`, `most ${mb(peak)}, an empty page ${mb(before)}`, `less that and the file ${mb(peak - before - file.size)}`);
      });
    }
  },
};

const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) if (!wanted.length || wanted.includes(name)) await part();
