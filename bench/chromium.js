/* Chromium as a visitor has it. A debugging interface, as Playwright's, keeps what comes from the network and takes time of its
 * own; here there is none: a page finds in its address what to do, and reports by a request. */
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
const PATIENCE = 600_000; /* ms */
const SETTLE = 3000; /* ms that a browser has to itself after its start */

/* A folder that lives as long as the work. */
export async function withProfile(work) {
  const profile = mkdtempSync(join(tmpdir(), 'quern-visit-'));
  try {
    return await work(profile);
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/* Where a page reports to, and from where it starts once the browser has settled: of an origin of its own, so that it is there when
 * the page's own server is not. */
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

/* Starts a browser with a profile, opens a page of visit.js's with what it should do, {name, args, reload}, and resolves to what it
 * reports when the browser has ended. */
export async function visit(profile, page, what) {
  let reported;
  const report = new Promise((resolve, reject) => {
    reported = resolve;
    setTimeout(reject, PATIENCE, new Error(`${page}: no report after ${PATIENCE / 1000} s`)).unref();
  });
  const { server, url } = await listen(reported);
  const goal = `${page}#${encodeURIComponent(JSON.stringify({ ...what, report: url }))}`;
  const browser = spawn(
    process.env.QUERN_CHROMIUM ?? '/usr/bin/chromium',
    [...FLAGS, `--user-data-dir=${profile}`, `${url}#${encodeURIComponent(goal)}`],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => {
    browser.on('exit', resolve);
  });
  try {
    const { value, error } = await Promise.race([
      report,
      ended.then((status) => {
        throw new Error(`Chromium ended (${status}) before its page had reported`);
      }),
    ]);
    if (error) throw new Error(`in the page: ${error}`);
    return value;
  } finally {
    const processes = descendants();
    browser.kill();
    await ended;
    while (processes.some((pid) => existsSync(`/proc/${pid}`)))
      await sleep(50); /* the others still write to the profile */
    server.close();
    server.closeAllConnections();
  }
}
