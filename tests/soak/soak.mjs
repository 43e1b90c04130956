/* Runs random chats, forks, saves, aborts and reloads for a long time: node soak.mjs [--minutes 60] [--hosts
 * node,chromium] [--seed 1] [--model FILE]. Fails if an answer differs from a fresh session's, or if memory grows. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pssBytes } from '../../bench/e2e/pss.js';
import { loadModel } from '../../web/index.js';
import { start } from '../web/browsers.mjs';
import { serve } from '../web/server.js';
import { soak } from './rounds.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    hosts: { type: 'string', default: 'node,chromium' },
    seed: { type: 'string', default: '1' },
    model: { type: 'string' },
    child: { type: 'boolean', default: false },
  },
});
const fetchModel = fileURLToPath(new URL('../../tools/fetch_model.py', import.meta.url));
const EVERY = 15_000; /* ms between two measurements of memory */
const GROWTH = 1.1; /* of the last quarter of the time relative to the second */
const SLACK = 128 << 20; /* bytes of a freed model that the garbage collector has not found yet */

const output = (command, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
    });
    child.on('exit', (status) => (status ? reject(new Error(`${command}: status ${status}`)) : resolve(text.trim())));
  });

/* Measures memory while `work` runs: [bytes, ...]. */
async function watched(measure, work) {
  const bytes = [];
  const timer = setInterval(async () => bytes.push(await measure()), EVERY);
  try {
    return { ...(await work()), bytes };
  } finally {
    clearInterval(timer);
  }
}

const hosts = {
  node: (file, options) =>
    watched(
      () => process.memoryUsage().rss,
      () => soak((more) => loadModel(file, more), options),
    ),

  async chromium(file, options) {
    const server = await serve();
    const browser = await start('chromium');
    try {
      const page = await browser.page(`${server.url}/tests/soak/page.html`);
      await page.waitForFunction(() => window.soak);
      const { url } = server.add(file);
      return await watched(
        () => pssBytes(),
        () => page.evaluate(([from, more]) => window.soak(from, more), [url, options]),
      );
    } finally {
      await browser.close();
      await server.close();
    }
  },
};

/* The medians of the second and the last quarter of the measurements. */
function growth(bytes) {
  const quarter = Math.max(1, bytes.length >> 2);
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  return [median(bytes.slice(quarter, 2 * quarter)), median(bytes.slice(-quarter))];
}

const file = values.model ?? (await output('python3', [fetchModel, 'smollm2'])).split('\n').at(-1);
let failed = false;
for (const host of values.hosts.split(',')) {
  const result = await hosts[host](file, { minutes: Number(values.minutes), seed: Number(values.seed) });
  const [early, late] = result.bytes.length >= 4 ? growth(result.bytes) : [1, 1];
  const [first, second] = result.module;
  const flat = late < early * GROWTH + SLACK && second < first * GROWTH;
  failed ||= !flat;
  console.log(
    `${host}: ${result.answers} answers equal a fresh session's; ${JSON.stringify(result.counts)}; ` +
      `memory ${(early / 2 ** 20).toFixed(0)} → ${(late / 2 ** 20).toFixed(0)} MiB, ` +
      `module ${(first / 2 ** 20).toFixed(0)} → ${(second / 2 ** 20).toFixed(0)} MiB${flat ? '' : ' GROWS'}`,
  );
}
process.exitCode = failed ? 1 : 0;
