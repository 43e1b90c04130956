/* What a visitor of a page feels, in Chromium: node page.js [first visit blocked abort bytes memory] prints a line for each
 * figure. SmolLM2 as tools/fetch_model.py puts it, for memory the 1B shape as e2e/suite.js writes it. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { start } from '../tests/web/browsers.mjs';
import { serve } from '../tests/web/server.js';
import { visit, withProfile } from './chromium.js';
import { peakPss } from './e2e/pss.js';

const MODELS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'quern/models');
const SMALL = join(MODELS, 'SmolLM2-135M-Instruct.Q4_1.gguf');
const LARGE = join(MODELS, 'synth/llama-3.2-1b.q4_k_m.gguf');
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const RATE = 20e6; /* bytes a second */
const ROUNDS = 3;
const TRIES = 20; /* of what others disturbed */
const WORDS = 'The quick brown fox jumps over the lazy dog and then it sleeps. ';

const say = (what, ...values) => console.log(`${what}: ${values.join(', ')}`);
const ms = (value) => `${Math.round(value)} ms`;
const mb = (value) => `${Math.round(value / 1e6)} MB`;
const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const spread = (values, unit) => `${unit(middle(values))}, of ${values.map(unit).join(' ')}`;

/* A server, and visits of its pages: open({name, args}) with a profile of its own or a given one. */
async function visiting(work) {
  const server = await serve();
  try {
    const open = (what, profile) => visit(profile, `${server.url}/bench/visit.html`, what);
    return await work({ server, open: (what) => withProfile((profile) => open(what, profile)) });
  } finally {
    server.close();
  }
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
        await visiting(async ({ server, open }) => {
          const file = server.add(SMALL, { ranges, rate: RATE });
          const { at, tokens, threads } = await open({ name: 'firstToken', args: [file.url, WORDS.repeat(5), {}] });
          seen.push({ late: at - file.lastSent, tokens, threads });
        });
      }
      const [{ tokens, threads }] = seen;
      say(
        `first token after the last byte, ${ranges ? 'range requests' : 'one stream'}, ${RATE / 1e6} MB/s, prompt of ${tokens} tokens, ${threads} threads`,
        spread(
          seen.map(({ late }) => late),
          ms,
        ),
      );
    }
  },

  /* The page, the package and the model from what the first visit left, with the server gone and the browser started anew. */
  async visit() {
    await visiting(({ server }) =>
      withProfile(async (profile) => {
        server.folder([['/web/page.html', readFileSync(new URL('visit.html', import.meta.url))]]);
        const what = {
          name: 'firstToken',
          args: [server.add(SMALL).url, 'What is the capital of France?', {}],
          reload: '/web/offline.js',
        };
        const open = () => visit(profile, `${server.url}/web/page.html`, what);
        await open();
        server.offline = true;
        const seen = [];
        for (let round = 0; round < ROUNDS; round++) seen.push(await open());
        say(
          `second visit without the network, from navigation to the first token (prompt of ${seen[0].tokens} tokens, from the ${seen[0].from})`,
          spread(
            seen.map(({ after }) => after),
            ms,
          ),
        );
      }),
    );
  },

  /* Tasks of the page's thread while a prompt is computed, as far as the browser tells them: those over 50 ms. */
  async blocked() {
    await inBrowser(async ({ server, page }) => {
      const { url } = server.add(SMALL);
      const { tasks, tokens, took } = await (await page()).evaluate(
        async ([url, words]) => {
          const { loadModel } = await import('/web/index.js');
          const model = await loadModel(url, { contextSize: 2048 });
          const tasks = [];
          const observer = new PerformanceObserver((list) =>
            tasks.push(...list.getEntries().map(({ duration }) => duration)),
          );
          observer.observe({ type: 'longtask' });
          const ids = (await model.tokenize(words)).slice(0, 600);
          const session = await model.session();
          const begun = performance.now();
          await session.prefill(ids);
          const took = performance.now() - begun;
          await new Promise((resolve) => {
            setTimeout(resolve, 500);
          });
          await model.free();
          return { tasks, tokens: ids.length, took };
        },
        [url, WORDS.repeat(50)],
      );
      say(
        `tasks over 50 ms on the page's thread while ${tokens} tokens were computed in ${ms(took)}`,
        tasks.length,
        ...tasks.map(ms),
      );
    });
  },

  /* From abort() to the rejection, and until the engine answers to something else. */
  async abort() {
    await inBrowser(async ({ server, page }) => {
      const file = server.add(SMALL);
      const tab = await page();
      await tab.evaluate((script) => import(script).then(() => {}), '/tests/web/package-page.js');
      const most = (seen) =>
        `rejected ${ms(Math.max(...seen.map(({ rejected }) => rejected)))}, engine free ${ms(Math.max(...seen.map(({ free }) => free)))}`;
      file.rate = RATE;
      const download = await tab.evaluate(
        (url) =>
          my.aborted(
            (signal) => my.load(url, { signal, cache: false }),
            () =>
              new Promise((go) => {
                setTimeout(go, 1000);
              }),
          ),
        file.url,
      );
      say('abort of a download', `rejected ${ms(download.rejected)}`);
      file.rate = Infinity;
      await tab.evaluate((url) => my.load(url, { contextSize: 2048 }), file.url);
      for (const [what, request] of [
        ['prefill', { prompt: WORDS.repeat(50), max_tokens: 1 }],
        ['decode', { prompt: 'One', max_tokens: 900, logit_bias: { 2: -100 } }],
      ]) {
        const seen = [];
        for (let i = 0; i < 10; i++) {
          seen.push(
            await tab.evaluate(
              ([given, after]) =>
                my.aborted(
                  (signal) => my.model.completions.create(given, { signal }),
                  () =>
                    new Promise((go) => {
                      setTimeout(go, after);
                    }),
                ),
              [request, 200 + 37 * i],
            ),
          );
        }
        say(`abort of a ${what}, the longest of ${seen.length}`, most(seen));
      }
    });
  },

  /* What a page fetches besides the model, compressed. */
  async bytes() {
    await visiting(async ({ server, open }) => {
      await open({ name: 'firstToken', args: [server.add(SMALL).url, 'Hello', {}] });
      const paths = [...new Set(server.requests)].filter((path) => path.startsWith('/web/'));
      const all = paths.map((path) => readFileSync(join(ROOT, path)));
      const sum = (pack) => all.reduce((total, bytes) => total + pack(bytes).length, 0);
      say(
        `${paths.length} files besides the model`,
        `${sum((bytes) => bytes)} bytes`,
        `gzip ${sum(gzipSync)}`,
        `brotli ${sum(brotliCompressSync)}`,
      );
    });
  },

  /* The most that all of the browser's processes took while the 1B shape was loaded and answered, less what they take with an
   * empty page. */
  async memory() {
    if (!existsSync(LARGE)) return say('memory', `no ${LARGE}`);
    const cell = { prompt: 100, generate: 16, context: 0, threads: 2, seed: 1 };
    const tabs = [
      ['empty', (url) => ({ name: 'empty', args: [url] })],
      ['quern', (url) => ({ name: 'quern', args: [url, cell, {}] })],
      ...['wllama-2', 'wllama-3'].map((engine) => [engine, (url) => ({ name: 'peer', args: [url, cell, engine] })]),
    ];
    const seen = Object.fromEntries(tabs.map(([name]) => [name, []]));
    const measure = (what) => visiting(({ server, open }) => peakPss(() => open(what(server.add(LARGE).url))));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, what] of tabs) {
        let it = await measure(what);
        for (let tries = 1; it.disturbed && tries < TRIES; tries++) {
          await sleep(10_000);
          it = await measure(what);
        }
        if (it.disturbed)
          throw new Error('another Chromium is running, and shares pages with the one that is measured: end it first');
        seen[name].push(it);
        console.error(`memory, round ${round + 1}, ${name}: ${mb(name === 'empty' ? it.median : it.peak)}`);
      }
    }
    const { size } = statSync(LARGE);
    const empty = middle(seen.empty.map(({ median }) => median));
    say(
      'memory of all processes with an empty page',
      spread(
        seen.empty.map(({ median }) => median),
        mb,
      ),
    );
    for (const [name] of tabs.slice(1)) {
      say(
        `the most with ${name}`,
        spread(
          seen[name].map(({ peak }) => peak),
          mb,
        ),
        `less an empty page and the file of ${mb(size)}: ${spread(
          seen[name].map(({ peak }) => peak - empty - size),
          mb,
        )}`,
      );
    }
  },
};

const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(parts)) if (!wanted.length || wanted.includes(name)) await part();
