import { spawn, spawnSync } from 'node:child_process';
import { existsSync, openAsBlob, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { loadModel } from '../index.js';
import { placeModules, relaxedFlag } from './builds.js';
import { modelPath, withPath } from './files.js';
import { progress } from './progress.js';
import { modelServer } from './server/index.js';

/* Addresses that this machine reaches as localhost. */
const EVERYWHERE = ['127.0.0.1', '0.0.0.0', '::1', '::'];

/* The files of a model, of the first one's name. */
function partsOf(path) {
  const match = /-00001-of-(\d{5})\.gguf$/.exec(path);
  if (!match) return [path];
  return Array.from({ length: Number(match[1]) }, (_, i) =>
    path.replace(match[0], match[0].replace('00001', String(i + 1).padStart(5, '0'))),
  );
}

function entryOf(path) {
  const paths = partsOf(path);
  const stats = paths.map((each) => withPath(each, () => statSync(each)));
  stats.forEach((stat, i) => {
    if (!stat.isFile()) throw new Error(`${paths[i]}: it is not a regular file`);
  });
  return {
    id: basename(path).replace(/(-00001-of-\d{5})?\.gguf$/, ''),
    created: Math.floor(stats[0].mtimeMs / 1000),
    size: stats.reduce((sum, { size }) => sum + size, 0),
    paths,
    files: new Map(paths.map((each) => [basename(each), each])),
  };
}

function entriesOf(asked) {
  const entries = (asked ?? [modelPath()]).map(entryOf);
  const twice = entries.find(({ id }, i) => entries.findIndex((each) => each.id === id) !== i);
  if (twice) throw new Error(`two models are called ${twice.id}`);
  return entries;
}

function listening(server, port, address) {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} is taken; --port takes another`) : error),
    );
    server.listen(port, address, () => resolve(server.address().port));
  });
}

async function load(entry, { ctx: contextSize, threads, build }) {
  const bar = progress(`loading ${entry.id}`);
  const source =
    entry.paths.length === 1 ? entry.paths[0] : await Promise.all(entry.paths.map((path) => openAsBlob(path)));
  const model = await loadModel(source, {
    contextSize,
    threads,
    build,
    onProgress: ({ loaded, total }) => bar.show(loaded, total),
  }).catch((error) => {
    throw new Error(`${entry.paths[0]}: ${error.message}`);
  });
  bar.done();
  const { info } = model;
  process.stderr.write(
    `quern: ${entry.id}: ${info.build}, ${info.threads} thread${info.threads > 1 ? 's' : ''}, a context of ${info.contextSize}\n`,
  );
  entry.model = model;
}

function openPage(url) {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform] ?? ['xdg-open'];
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', (error) => process.stderr.write(`quern: no browser could be opened: ${error.message}\n`))
    .unref();
}

/* Whether there is a demo: in a checkout. What draws its markdown is fetched when it is first served. */
function demoIsHere() {
  if (!existsSync(new URL('../demo', import.meta.url))) return false;
  if (existsSync(new URL('../demo/vendor/marked.js', import.meta.url))) return true;
  const { error, status, stderr } = spawnSync(
    'python3',
    [fileURLToPath(new URL('../../tools/vendor_demo.py', import.meta.url))],
    { encoding: 'utf8' },
  );
  if (status !== 0)
    process.stderr.write(
      `quern: the demo shows answers as plain text: ${(error?.message ?? stderr.trim().split('\n').at(-1)) || 'tools/vendor_demo.py failed'}\n`,
    );
  return true;
}

/* As quern.js does by starting again; a server's child would outlive a server that is ended. */
function prepareNode({ build }) {
  const flag = build === 'plain' ? null : relaxedFlag();
  if (flag) setFlagsFromString(flag);
  process.removeAllListeners('warning'); /* that what the package uses is experimental */
}

export default async function serve(options) {
  prepareNode(options);
  placeModules();
  const demo = demoIsHere();
  const entries = entriesOf(options.model);
  const server = modelServer(entries, {
    own: options.listen,
    onFailure: (error) => process.stderr.write(`quern: ${error.stack}\n`),
  });
  const port = await listening(server, options.port, options.listen);
  const end = () => process.exit(0);
  process.once('SIGINT', end).once('SIGTERM', end);
  for (const entry of entries) await load(entry, options);
  const { listen } = options;
  const url = `http://${EVERYWHERE.includes(listen) ? 'localhost' : listen.includes(':') ? `[${listen}]` : listen}:${port}`;
  process.stdout.write(`${demo ? `${url}/ has the demo, ` : ''}${url}/v1 OpenAI's endpoints\n`);
  if (options.open) openPage(url);
}
