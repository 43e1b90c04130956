/* The page that measures: node demo-measure.test.mjs chromium|firefox <SmolLM2.gguf> [check...]. See demo-page.mjs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loading, runChecks, visit } from './demo-page.mjs';

const PAGE = '/web/demo/measure.html';
const AXE = readFileSync(new URL('../../build/vendor/axe.js', import.meta.url), 'utf8');
const vector = (name) => fileURLToPath(new URL(`../vectors/${name}`, import.meta.url));
const ROWS = [1, 2, 4, 8, 16];

const open = (env, options = {}) => visit(env, { demo: PAGE, query: loading(env), ...options });

/* In the page: measures and returns the JSON that is saved, and what the page shows. */
async function measure(rounds) {
  const saved = new Promise((resolve) => {
    const { createObjectURL } = URL;
    URL.createObjectURL = (blob) => {
      resolve(blob.text());
      return createObjectURL(blob);
    };
  });
  HTMLAnchorElement.prototype.click = () => {};
  ui.type('#rounds', String(rounds));
  await ui.click('#start');
  await ui.until(() => ui.seen('#start'), 'the measurement ends', 20);
  if (ui.seen('#problem')) throw new Error(ui.text('#problem'));
  await ui.click('#save');
  const lines = [...document.querySelectorAll('#results tr')].map(({ cells }) =>
    [...cells].map((cell) => cell.textContent),
  );
  return { report: JSON.parse(await saved), lines, about: ui.text('#about'), compared: ui.find('#published').value };
}

function isSpread({ min, median, max }) {
  return min > 0 && min <= median && median <= max && Number.isFinite(max);
}

/* A row of docs/performance.csv. */
function publishedRow({ host, threads }) {
  const csv = readFileSync(new URL('../../docs/performance.csv', import.meta.url), 'utf8');
  const [names, ...rows] = csv
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const wanted = { model: 'SmolLM2-135M Q4_1', engine: 'quern', host, build: 'relaxed', threads, context: '0' };
  const found = rows.find((row) => Object.entries(wanted).every(([name, value]) => row[names.indexOf(name)] === value));
  return Object.fromEntries(names.map((name, at) => [name, found[at]]));
}

const checks = {
  async 'a model is measured, shown next to published figures and saved'(env) {
    const my = await open(env);
    const { report, lines, about, compared } = await my.tab(measure, 3);
    assert.equal(report.rounds.length, 3);
    for (const { prefill_s, decode_s, pass_s } of report.rounds) {
      assert.equal(pass_s.length, ROWS.length);
      assert.ok([prefill_s, decode_s, ...pass_s].every((seconds) => seconds > 0 && seconds < 600));
    }
    assert.ok(isSpread(report.prefill_tps) && isSpread(report.decode_tps));
    assert.deepEqual(
      report.rows.map(({ k }) => k),
      ROWS,
    );
    assert.equal(report.rows[0].c, 1);
    assert.ok(report.rows.every(({ c, pass_s }) => c > 0 && isSpread(pass_s)));
    assert.deepEqual([report.prompt, report.generate, report.context], [256, 64, 0]);
    assert.equal(report.model.file, 'SmolLM2-135M-Instruct.Q4_1.gguf');
    assert.equal(report.model.bytes, env.bytes.length);
    assert.ok(report.memory_bytes > env.bytes.length);
    assert.deepEqual(
      report.loads.map(({ from }) => from),
      ['network', 'store'],
    );
    assert.ok(report.loads.every(({ ms }) => ms > 0));
    const host = await my.tab(() => ({ agent: navigator.userAgent, cores: navigator.hardwareConcurrency }));
    assert.deepEqual([report.browser, report.cores], [host.agent, host.cores]);
    assert.match(report.build, /^relaxed(-mt)?$/);
    assert.ok(report.threads >= 1 && report.threads <= Math.max(1, host.cores));
    assert.equal(new Set(report.notes).size, report.notes.length);
    assert.ok(report.notes.filter((note) => /threads in use/.test(note)).length <= 1, 'the notes of one load');
    assert.match(about, /SmolLM2-135M-Instruct\.Q4_1\.gguf · build relaxed.* · 3 rounds/);

    const browser = env.browser.name === 'firefox' ? 'Firefox' : 'Chromium';
    assert.deepEqual(lines[0], ['Figure', 'Here', `Quern in ${browser}`, 'llama.cpp, native']);
    assert.deepEqual(
      lines.slice(1).map(([name]) => name),
      [
        'Prompt of 256 tokens (tokens/s)',
        '64 tokens, one by one (tokens/s)',
        'Loading from the network',
        'Loading from this browser’s storage',
        'Memory',
        ...ROWS.slice(1).map((k) => `c(${k})`),
      ],
    );
    const row = publishedRow({ host: browser.toLowerCase(), threads: String(JSON.parse(compared).threads) });
    assert.equal(lines[1][2], Number(row.prefill_tps_median).toFixed(0));
    assert.ok(Math.abs(lines[2][2] - row.decode_tps_median) < 1);
  },

  async 'a measurement can be stopped and started again'(env) {
    const my = await open(env, { query: '' });
    const seen = await my.tab(async (url) => {
      ui.type('#model', 'url');
      ui.type('#url', url);
      ui.type('#rounds', '9');
      await ui.click('#start');
      await ui.until(() => ui.text('#measuring-text').startsWith('Round 2'), 'the second round begins', 20);
      await ui.click('#stop');
      await ui.until(() => ui.seen('#start'), 'it stops');
      return {
        rounds: ui.text('#about').includes(' · 1 round · '),
        problem: ui.seen('#problem'),
        measuring: ui.seen('#measuring'),
        focus: document.activeElement.id,
      };
    }, env.model.url);
    assert.deepEqual(seen, { rounds: true, problem: false, measuring: false, focus: 'start' });
    const { report } = await my.tab(measure, 3);
    assert.equal(report.rounds.length, 3);
  },

  async 'a small model of another kind has no published figures'(env) {
    const tiny = env.server.add(vector('tiny-llama-f32.gguf'));
    const my = await open(env, { query: loading({ model: tiny }) });
    const { report, lines } = await my.tab(measure, 3);
    assert.deepEqual(lines[0], ['Figure', 'Here']);
    assert.ok(report.rows.length >= 4 && report.rows.every(({ c }) => c > 0));
  },

  async 'what goes wrong is explained'(env) {
    const page = env.server.add(Buffer.from('<!doctype html><title>Sign in</title>'.repeat(99)), {
      name: 'login.gguf',
    });
    const problems = {
      'my model': /^“my model” is not a URL/,
      '/srv/models/a.gguf': /is a file on this device/,
      [`${env.server.url}/missing.gguf`]: /^“missing” could not be loaded\. There is no file at/,
      [page.url]: /^“login” could not be loaded\. This is not a GGUF file: it is a web page/,
      [env.server.add(vector('embeddings/bert-f32.gguf')).url]: /could not be loaded\. This model is an encoder/,
    };
    const my = await open(env, { query: '' });
    for (const [address, said] of Object.entries(problems)) {
      const problem = await my.tab(async (typed) => {
        ui.type('#model', 'url');
        ui.type('#url', typed);
        await ui.click('#start');
        await ui.until(() => ui.seen('#problem') && ui.seen('#start'), 'a problem is shown');
        return ui.text('#problem');
      }, address);
      assert.match(problem, said);
    }
    const none = await my.tab(async () => {
      ui.type('#model', 'file');
      await ui.click('#start');
      return ui.text('#problem');
    });
    assert.equal(none, 'Choose a GGUF file.');
  },

  async 'it works offline with a stored model'(env) {
    const server = await env.serve();
    const model = server.add(env.file);
    const my = await open({ ...env, server, model });
    await my.tab(measure, 3);
    await my.tab(() => ui.until(() => document.body.dataset.offline === 'ready', 'the page is stored'));
    server.offline = true;
    await my.open();
    const { report } = await my.tab(measure, 3);
    assert.deepEqual(
      report.loads.map(({ from }) => from),
      ['store'],
    );
    server.close();
  },

  async 'it is accessible and fits phones'(env) {
    const tiny = env.server.add(vector('tiny-llama-f32.gguf'));
    const my = await open(env, { query: loading({ model: tiny }) });
    await my.size(360, 640);
    const found = await my.tab(async (axe) => {
      const found = [];
      const check = async (state) => {
        const { violations } = await window.axe.run({ resultTypes: ['violations'] });
        for (const { id, nodes } of violations) found.push(`${state}: ${id} ${nodes[0].html}`);
        const scroll = ui.find('main');
        if (document.documentElement.scrollWidth > innerWidth) found.push(`${state}: the page is too wide`);
        if (scroll.scrollWidth > scroll.clientWidth) found.push(`${state}: ${scroll.scrollWidth} pixels wide`);
      };
      document.head.append(Object.assign(document.createElement('script'), { textContent: axe }));
      await check('form');
      ui.type('#rounds', '3');
      await ui.click('#start');
      await ui.until(() => ui.seen('#start'), 'the measurement ends', 20);
      ui.type('#published', [...ui.find('#published').options].at(-1).value);
      await check('results');
      return found;
    }, AXE);
    assert.deepEqual(found, []);
    assert.equal(await my.tab(() => document.activeElement.id), 'published');
  },

  async 'the demo links to it with the current model'(env) {
    const my = await visit(env, { query: loading(env) });
    const link = await my.tab(async () => {
      await ui.ready();
      await ui.click('#open-models');
      await ui.until(() => ui.find('#measure').search, 'the link has the model');
      return ui.find('#measure').href;
    });
    assert.equal(new URL(link).searchParams.get('model'), env.model.url);
    assert.equal(new URL(link).pathname, PAGE);
  },
};

await runChecks(checks);
