/* quern serve: the demo, the model files and OpenAI's endpoints on one port. */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeModules } from './builds.js';
import { runChild } from './child.js';
import { modelPath, piecesOf, readText, withPath } from './files.js';
import { progress } from './progress.js';
import { modelServers } from './server/index.js';
import { loadInThread } from './server/thread.js';

/* Addresses for which this machine can use the name localhost. */
const LOCAL = ['127.0.0.1', '0.0.0.0', '::1', '::'];

/* The paths of all splits or raw pieces of a model. path: the first of them, or a whole model. */
function filesOf(path) {
  const match = /-00001-of-(\d{5})\.gguf$/.exec(path);
  if (!match) return piecesOf(path);
  return Array.from({ length: Number(match[1]) }, (_, i) =>
    path.replace(match[0], match[0].replace('00001', String(i + 1).padStart(5, '0'))),
  );
}

function entryOf(path) {
  const paths = filesOf(path);
  const stats = paths.map((each) => withPath(each, () => statSync(each)));
  stats.forEach((stat, i) => {
    if (!stat.isFile()) throw new Error(`${paths[i]}: is not a regular file`);
  });
  return {
    id: basename(path).replace(/(-00001-of-\d{5})?\.gguf(-split-\w|\.part\d+of\d+)?$/, ''),
    pieces: piecesOf(path).length > 1,
    created: Math.floor(stats[0].mtimeMs / 1000),
    size: stats.reduce((sum, { size }) => sum + size, 0),
    paths,
    files: new Map(paths.map((each) => [basename(each), each])),
  };
}

async function entriesOf(models) {
  const entries = (models ?? [await modelPath()]).map(entryOf);
  const duplicate = entries.find(({ id }, i) => entries.findIndex((each) => each.id === id) !== i);
  if (duplicate) throw new Error(`two models have the name ${duplicate.id}; rename one of the files`);
  return entries;
}

function listening(server, port, address) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve(server.address().port));
  });
}

/* IPv6 is not available. */
const NO_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];
const MAX_TRIES = 10; /* for a port that is free on both addresses */

/* Listens on every address, at the same port. port 0: any that is free. Returns the port. */
async function listenAll(servers, port, addresses) {
  for (let tries = 1; ; tries++) {
    let chosen = port;
    try {
      for (const [i, address] of addresses.entries()) {
        chosen = await listening(servers[i], chosen, address).catch((error) => {
          if (i === 0 || !NO_ADDRESS.includes(error.code)) throw error;
          return chosen;
        });
      }
      return chosen;
    } catch (error) {
      for (const server of servers) server.close();
      if (error.code !== 'EADDRINUSE') throw error;
      if (port !== 0 || tries === MAX_TRIES) throw new Error(`port ${chosen} is in use; choose another with --port`);
    }
  }
}

async function load(entry, { ctx: contextSize, threads, 'weight-order': weightOrder, build, template, nfc }) {
  const bar = progress(`loading ${entry.id}`);
  const notes = [];
  const model = await loadInThread(entry.paths, entry.pieces, {
    contextSize,
    threads,
    weightOrder,
    build,
    nfc,
    template: template === undefined ? undefined : new TextDecoder().decode(readText(template)),
    onNote: (note) => notes.push(note),
    onProgress: ({ loaded, total }) => bar.show(loaded, total),
  }).catch((error) => {
    throw new Error(`${entry.paths[0]}: ${error.message}`);
  });
  bar.done();
  for (const note of notes) process.stderr.write(`quern: ${entry.id}: ${note}\n`);
  const { info } = model;
  process.stderr.write(
    `quern: ${entry.id}: ${info.build}, ${info.threads} thread${info.threads > 1 ? 's' : ''}, context of ${info.contextSize} tokens\n`,
  );
  entry.model = model;
}

function openPage(url) {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform] ?? ['xdg-open'];
  spawn(command, [...args, url], { stdio: 'ignore', detached: true })
    .on('error', (error) => process.stderr.write(`quern: could not open a browser: ${error.message}\n`))
    .unref();
}

/* Returns whether there is a demo; only checkouts have one. Downloads its libraries if necessary. */
async function prepareDemo() {
  if (!existsSync(new URL('../demo', import.meta.url))) return false;
  const has = (library) => existsSync(new URL(`../demo/vendor/${library}`, import.meta.url));
  if (['marked.js', 'highlight.js', 'published.json'].every(has)) return true;
  const tool = fileURLToPath(new URL('../../tools/vendor_demo.py', import.meta.url));
  const status = await runChild('python3', [tool], { stdio: 'ignore' }).catch(() => 1);
  if (status > 128) process.exit(status);
  if (status !== 0)
    process.stderr.write(
      'quern: the demo will show answers as plain text, because tools/vendor_demo.py failed; run it to see the reason\n',
    );
  return true;
}

/* The host name to print for a listening address. */
function hostname(address) {
  if (LOCAL.includes(address)) return 'localhost';
  return address.includes(':') ? `[${address}]` : address;
}

export default async function serve(options) {
  placeModules();
  const demo = await prepareDemo();
  const entries = await entriesOf(options.model);
  for (const entry of entries) entry.pooling = options.pooling;
  if (options['api-key'] === '') throw new Error('--api-key is empty');
  const own = options.listen.replace(/^\[(.*)\]$/, '$1');
  const addresses = own === 'localhost' ? ['127.0.0.1', '::1'] : [own];
  const servers = modelServers(addresses.length, entries, {
    own,
    key: options['api-key'] ?? process.env.QUERN_API_KEY,
    onFailure: (error) => process.stderr.write(`quern: ${error.stack}\n`),
  });
  const port = await listenAll(servers, options.port, addresses);
  const end = () => process.exit(0);
  process.once('SIGINT', end).once('SIGTERM', end).once('SIGHUP', end);
  for (const entry of entries) await load(entry, options);
  const url = `http://${hostname(own)}:${port}`;
  process.stdout.write(`${demo ? `demo: ${url}/, ` : ''}OpenAI API: ${url}/v1\n`);
  if (options.open) openPage(url);
}
