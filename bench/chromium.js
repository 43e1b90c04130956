/* Runs Chromium without a debugger. Playwright's debugging interface takes time and keeps copies of downloads, so
 * here a page reads its task from its URL and reports the result in a request. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { QUIET } from '../tests/web/browsers.mjs';
import { descendants } from './e2e/pss.js';

const FLAGS = ['--headless=new', ...QUIET];
const TIMEOUT = 600_000; /* ms */
const SETTLE = 3000; /* ms that a browser gets to finish starting */

/* Runs work(folder) with a temporary browser profile. */
export async function withProfile(work) {
  const profile = mkdtempSync(join(tmpdir(), 'quern-visit-'));
  try {
    return await work(profile);
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/* A server that receives the report. It also serves the first page, which opens the measured page once the browser has
 * settled. It has its own origin, so that it works when the page's server is offline. */
async function listen(onReport) {
  const server = createServer((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Content-Type', 'text/html');
    if (request.method === 'POST') json(request).then(onReport);
    response.end(
      `<!doctype html><title></title><script>if (location.hash) setTimeout(() => location.replace(decodeURIComponent(location.hash.slice(1))), ${SETTLE})</script>`,
    );
  });
  await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, url: `http://localhost:${server.address().port}/` };
}

/* Opens a page that runs visit.js, in a new browser with the given profile. task: {name, args, reload}. Resolves to the
 * reported value when the browser has exited. */
export async function visit(profile, page, task) {
  let reported;
  const report = new Promise((resolve, reject) => {
    reported = resolve;
    setTimeout(reject, TIMEOUT, new Error(`${page}: no report after ${TIMEOUT / 1000} s`)).unref();
  });
  const { server, url } = await listen(reported);
  const goal = `${page}#${encodeURIComponent(JSON.stringify({ ...task, report: url }))}`;
  const browser = spawn(
    process.env.QUERN_CHROMIUM ?? '/usr/bin/chromium',
    [...FLAGS, `--user-data-dir=${profile}`, `${url}#${encodeURIComponent(goal)}`],
    { stdio: 'ignore' },
  );
  const exited = new Promise((resolve) => {
    browser.on('exit', resolve);
  });
  try {
    const { value, error } = await Promise.race([
      report,
      exited.then((status) => {
        throw new Error(`Chromium exited (${status}) before the page reported`);
      }),
    ]);
    if (error) throw new Error(`in the page: ${error}`);
    return value;
  } finally {
    const processes = descendants();
    browser.kill();
    await exited;
    while (processes.some((pid) => existsSync(`/proc/${pid}`)))
      await sleep(50); /* other processes may still write to the profile */
    server.close();
    server.closeAllConnections();
  }
}
