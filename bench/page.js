/* Measures what a visitor of a page experiences, in Chromium: node page.js [first visit blocked abort bytes memory]
 * prints a line per figure. Uses SmolLM2 from tools/fetch_model.py and, for memory, the 1B shape that e2e/suite.js
 * writes. */
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
const RATE = 20e6; /* bytes per second */
const ROUNDS = 3;
const TRIES = 20; /* for measurements that another Chromium disturbs */
const TEXT = 'The quick brown fox jumps over the lazy dog and then it sleeps. ';

const say = (label, ...values) => console.log(`${label}: ${values.join(', ')}`);
const ms = (value) => `${Math.round(value)} ms`;
const mb = (value) => `${Math.round(value / 1e6)} MB`;
const medianOf = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const spread = (values, unit) => `${unit(medianOf(values))}, of ${values.map(unit).join(' ')}`;

/* Runs work({server, open}) with a server; open({name, args}) visits its page with a new profile. */
async function visiting(work) {
  const server = await serve();
  try {
    const page = `${server.url}/bench/visit.html`;
    return await work({ server, open: (task) => withProfile((profile) => visit(profile, page, task)) });
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

const measurements = {
  /* The time from the server's last byte to the first token. */
  async first() {
    for (const ranges of [true, false]) {
      const seen = [];
      for (let round = 0; round < ROUNDS; round++) {
        await visiting(async ({ server, open }) => {
          const file = server.add(SMALL, { ranges, rate: RATE });
          const { at, tokens, threads } = await open({ name: 'firstToken', args: [file.url, TEXT.repeat(5), {}] });
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

  /* A second visit in a restarted browser with the server offline: page, package and model come from the browser's
   * storage. */
  async visit() {
    await visiting(({ server }) =>
      withProfile(async (profile) => {
        server.folder([['/web/page.html', readFileSync(new URL('visit.html', import.meta.url))]]);
        const task = {
          name: 'firstToken',
          args: [server.add(SMALL).url, 'What is the capital of France?', {}],
          reload: '/web/offline.js',
        };
        const open = () => visit(profile, `${server.url}/web/page.html`, task);
        await open();
        server.offline = true;
        const seen = [];
        for (let round = 0; round < ROUNDS; round++) seen.push(await open());
        say(
          `second visit, offline, from navigation to the first token (prompt of ${seen[0].tokens} tokens, model from the ${seen[0].from})`,
          spread(
            seen.map(({ after }) => after),
            ms,
          ),
        );
      }),
    );
  },

  /* Tasks on the main thread while a prompt is computed. Browsers report those over 50 ms. */
  async blocked() {
    await inBrowser(async ({ server, page }) => {
      const { url } = server.add(SMALL);
      const { tasks, tokens, duration } = await (await page()).evaluate(
        async ([url, text]) => {
          const { loadModel } = await import('/web/index.js');
          const model = await loadModel(url, { contextSize: 2048 });
          const tasks = [];
          const observer = new PerformanceObserver((list) =>
            tasks.push(...list.getEntries().map((task) => task.duration)),
          );
          observer.observe({ type: 'longtask' });
          const ids = (await model.tokenize(text)).slice(0, 600);
          const session = await model.session();
          const start = performance.now();
          await session.prefill(ids);
          const duration = performance.now() - start;
          await new Promise((resolve) => {
            setTimeout(resolve, 500);
          });
          await model.free();
          return { tasks, tokens: ids.length, duration };
        },
        [url, TEXT.repeat(50)],
      );
      say(
        `tasks over 50 ms on the main thread while ${tokens} tokens were computed in ${ms(duration)}`,
        tasks.length,
        ...tasks.map(ms),
      );
    });
  },

  /* The time from abort() to the rejection, and until the engine can do other work. */
  async abort() {
    await inBrowser(async ({ server, page }) => {
      const file = server.add(SMALL);
      const tab = await page();
      await tab.evaluate((script) => import(script).then(() => {}), '/tests/web/package-page.js');
      const slowest = (seen) =>
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
      for (const [phase, request] of [
        ['prefill', { prompt: TEXT.repeat(50), max_tokens: 1 }],
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
        say(`abort of a ${phase}, the longest of ${seen.length}`, slowest(seen));
      }
    });
  },

  /* The compressed size of what a page downloads besides the model. */
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

  /* The peak memory of all of the browser's processes while the 1B shape loads and answers, compared with an empty
   * page. */
  async memory() {
    if (!existsSync(LARGE)) return say('memory', `skipped, because ${LARGE} does not exist`);
    const cell = { prompt: 100, generate: 16, context: 0, threads: 2, seed: 1 };
    const tabs = [
      ['empty', (url) => ({ name: 'empty', args: [url] })],
      ['quern', (url) => ({ name: 'quern', args: [url, cell, {}] })],
      ...['wllama-2', 'wllama-3'].map((engine) => [engine, (url) => ({ name: 'peer', args: [url, cell, engine] })]),
    ];
    const seen = Object.fromEntries(tabs.map(([name]) => [name, []]));
    const measure = (taskOf) => visiting(({ server, open }) => peakPss(() => open(taskOf(server.add(LARGE).url))));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, taskOf] of tabs) {
        let it = await measure(taskOf);
        for (let tries = 1; it.disturbed && tries < TRIES; tries++) {
          await sleep(10_000);
          it = await measure(taskOf);
        }
        if (it.disturbed)
          throw new Error(
            'another Chromium is running and shares memory with the measured one; close it and try again',
          );
        seen[name].push(it);
        console.error(`memory, round ${round + 1}, ${name}: ${mb(name === 'empty' ? it.median : it.peak)}`);
      }
    }
    const { size } = statSync(LARGE);
    const empty = medianOf(seen.empty.map(({ median }) => median));
    say(
      'memory of all processes with an empty page',
      spread(
        seen.empty.map(({ median }) => median),
        mb,
      ),
    );
    for (const [name] of tabs.slice(1)) {
      say(
        `peak memory with ${name}`,
        spread(
          seen[name].map(({ peak }) => peak),
          mb,
        ),
        `more than an empty page plus the file of ${mb(size)}: ${spread(
          seen[name].map(({ peak }) => peak - empty - size),
          mb,
        )}`,
      );
    }
  },
};

const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(measurements))
  if (wanted.length === 0 || wanted.includes(name)) await measure();
