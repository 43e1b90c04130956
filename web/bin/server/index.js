/* One port for the demo, the models' files and OpenAI's endpoints. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { below, notFound, sendFile } from './files.js';
import { admit, HttpError, preflight, sendJson } from './http.js';
import { chat, complete, embed, httpError, listModels, oneModel } from './openai.js';

const WEB = fileURLToPath(new URL('../../', import.meta.url));
/* What the scripts' folder is called. The demo's service worker keeps to it. */
const PLACE = '/quern/';
/* The demo's service worker is served above the demo: it controls only what is below its own address, and the engine's
 * workers are beside the demo. */
const PLACED = { 'offline.js': 'demo/offline.js' };

const redirect = (response, to) => response.writeHead(302, { Location: to, 'Cache-Control': 'no-store' }).end();

/* The demo's list, with the models that are served, and can chat, before the others. */
async function demoModels(entries) {
  const own = entries
    .filter(({ model }) => !model?.info.encoder)
    .map(({ id, files, size }) => ({
      name: id,
      about: 'On the computer that serves this page',
      megabytes: Math.round(size / 1e6),
      url: `/models/${encodeURIComponent([...files.keys()][0])}`,
    }));
  return [
    ...own,
    ...JSON.parse(
      await readFile(`${WEB}demo/models.json`, 'utf8').catch(() => {
        throw notFound();
      }),
    ),
  ];
}

async function script(entries, request, response, path) {
  if (path === 'demo/models.json') return sendJson(response, 200, await demoModels(entries));
  return sendFile(
    request,
    response,
    await below(WEB, PLACED[path] ?? (path.endsWith('/') ? `${path}index.html` : path)),
  );
}

async function modelFile(entries, request, response, name) {
  const path = entries.map(({ files }) => files.get(name)).find((each) => each !== undefined);
  if (path === undefined) throw notFound();
  return sendFile(request, response, path);
}

/* [methods, pattern, what answers]. The first pattern that fits is taken. */
const READ = ['GET', 'HEAD'];
const ROUTES = [
  [READ, /^\/v1\/models$/, (entries, _, response) => sendJson(response, 200, listModels(entries))],
  [READ, /^\/v1\/models\/([^/]+)$/, (entries, _, response, id) => sendJson(response, 200, oneModel(entries, id))],
  [['POST'], /^\/v1\/chat\/completions$/, chat],
  [['POST'], /^\/v1\/completions$/, complete],
  [['POST'], /^\/v1\/embeddings$/, embed],
  [READ, /^\/models\/([^/]+)$/, modelFile],
  [READ, /^(?:\/|\/quern\/?|\/quern\/demo)$/, (_, __, response) => redirect(response, `${PLACE}demo/`)],
  [READ, /^\/quern\/(.+)$/, script],
];

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new HttpError(400, 'the path is not well formed');
  }
}

async function answer(entries, own, request, response) {
  admit(request, response, own);
  if (request.method === 'OPTIONS') return preflight(request, response);
  const path = request.url.split('?', 1)[0];
  for (const [methods, pattern, handle] of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    if (!methods.includes(request.method)) {
      throw new HttpError(405, `${path} takes ${methods.join(', ')}, not ${request.method}`, {
        code: 'method_not_allowed',
        headers: { Allow: methods.join(', ') },
      });
    }
    return handle(entries, request, response, ...match.slice(1).map(decoded));
  }
  throw notFound();
}

/* A server that is not listening yet. entries: [{id, created, size, files, model}], where files is a map of name to path, and model
 * comes when it is loaded. own: a host name of its own. onFailure is given what no request is to blame for. */
export function modelServer(entries, { own, onFailure = () => {} } = {}) {
  return createServer((request, response) => {
    answer(entries, own, request, response).catch((error) => {
      if (response.destroyed || error.name === 'AbortError') return void response.destroy(); /* the client has gone */
      const failure = httpError(error);
      if (failure.status === 500) onFailure(error);
      if (response.writableEnded) return; /* a stream, which has told the failure */
      if (response.headersSent) response.destroy();
      else sendJson(response, failure.status, failure.body, failure.headers);
    });
  });
}
