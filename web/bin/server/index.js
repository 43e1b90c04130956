/* The routes of the demo, the model files and OpenAI's endpoints. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { notFound, resolveBelow, sendFile } from './files.js';
import { admit, HttpError, preflight, rawAnswer, requireKey, sendJson, targetOf } from './http.js';
import { Metrics, metricsText } from './metrics.js';
import { chat, complete, embed, httpError, listModels, loadedModel, oneModel } from './openai.js';
import { respond } from './responses.js';
import { applyTemplate, detokenize, tokenize } from './text.js';

const HEADERS_TIMEOUT = 10_000; /* ms */
const REQUEST_TIMEOUT = 60_000; /* ms: 8 MiB at one megabit per second */
const MOST_DRAINED = 64 << 20; /* bytes */
const WEB = fileURLToPath(new URL('../../', import.meta.url));
/* The path of the web folder. */
const WEB_PATH = '/quern/';
/* Files served at other paths. A service worker controls only URLs below its own, and the engine's workers are in a
 * folder next to the demo, so the demo's service worker is served from the folder above it. */
const ALIASES = { 'offline.js': 'demo/offline.js' };

/* Redirects to the demo, with the query. */
function redirect(_, { url }, response) {
  const [query = ''] = /\?[^#]*/.exec(url) ?? [];
  response.writeHead(302, { Location: `${WEB_PATH}demo/${query}`, 'Cache-Control': 'no-store' }).end();
}

/* The demo's list of models, preceded by the served models that can chat and that it may load. */
async function demoModels(entries) {
  const own = entries
    .filter(({ model, pieces, needsKey }) => !model?.info.encoder && !pieces && !needsKey)
    .map(({ id, files, size }) => ({
      name: id,
      about: 'On the computer that runs this server',
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
  const file = ALIASES[path] ?? (path.endsWith('/') ? `${path}index.html` : path);
  return sendFile(request, response, await resolveBelow(WEB, file));
}

async function modelFile(entries, request, response, name) {
  const path = entries.map(({ files }) => files.get(name)).find((each) => each !== undefined);
  if (path === undefined) throw notFound();
  return sendFile(request, response, path);
}

function health(entries, _, response) {
  for (const { id } of entries) loadedModel(entries, id); /* throws status 503 for one that is loading */
  sendJson(response, 200, { status: 'ok' });
}

function metrics(entries, request, response) {
  const text = metricsText(entries);
  response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : text);
}

const READ = ['GET', 'HEAD'];
/** Patterns of the paths that are answered without the API key. */
const OPEN = [/^\/$/, /^\/quern(\/|$)/, /^(?:\/v1)?\/health$/];
/**
 * [methods, pattern, handler]. The first pattern that matches is used.
 * @type {[string[], RegExp, (...values: any[]) => unknown][]}
 */
const ROUTES = [
  [READ, /^\/v1\/models$/, (entries, _, response) => sendJson(response, 200, listModels(entries))],
  [READ, /^\/v1\/models\/([^/]+)$/, (entries, _, response, id) => sendJson(response, 200, oneModel(entries, id))],
  [['POST'], /^\/v1\/chat\/completions$/, chat],
  [['POST'], /^\/v1\/completions$/, complete],
  [['POST'], /^\/v1\/responses$/, respond],
  [['POST'], /^\/v1\/embeddings$/, embed],
  [['POST'], /^\/tokenize$/, tokenize],
  [['POST'], /^\/detokenize$/, detokenize],
  [['POST'], /^\/apply-template$/, applyTemplate],
  [READ, /^(?:\/v1)?\/health$/, health],
  [READ, /^\/metrics$/, metrics],
  [READ, /^\/models\/([^/]+)$/, modelFile],
  [READ, /^(?:\/|\/quern\/?|\/quern\/demo)$/, redirect],
  [READ, /^\/quern\/(.+)$/, script],
];

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new HttpError(400, 'the path is not valid percent-encoding');
  }
}

async function answer(entries, { own, key }, request, response) {
  const { host, path } = targetOf(request);
  admit(request, response, host, own);
  if (request.method === 'OPTIONS') return preflight(request, response);
  const route = path.startsWith(WEB_PATH) ? path : path.replace(/(.)\/$/, '$1');
  if (key && !OPEN.some((pattern) => pattern.test(route))) requireKey(request, key);
  for (const [methods, pattern, handle] of ROUTES) {
    const match = pattern.exec(route);
    if (!match) continue;
    if (!methods.includes(request.method)) {
      throw new HttpError(405, `${path} supports ${methods.join(', ')}, not ${request.method}`, {
        code: 'method_not_allowed',
        headers: { Allow: methods.join(', ') },
      });
    }
    return handle(entries, request, response, ...match.slice(1).map(decoded));
  }
  throw notFound();
}

/* [status, message] of what Node's HTTP parser reports. */
const CONNECTION_ERRORS = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'the headers of the request are too large'],
};

/* Answers what is no HTTP request, or did not arrive in time. */
function refuseConnection(error, socket) {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, message] = CONNECTION_ERRORS[error.code] ?? [400, `the request is not valid HTTP: ${error.message}`];
  const begun = socket._httpMessage?.headersSent; /* Node's own handler asks this, too */
  socket.end(begun ? undefined : rawAnswer(new HttpError(status, message)));
}

/* Reads the rest of a request that is refused before its body was read: a connection that is closed with unread bytes
 * is reset, and the client can lose the answer. */
async function drain(request) {
  let size = 0;
  if (request.complete || request.destroyed) return;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > MOST_DRAINED) return;
  }
}

/**
 * Returns HTTP servers that do not listen yet.
 * @param {number} count of addresses to listen on
 * @param {any[]} entries [{id, created, size, files, pooling, model}]; files maps names to paths, and model is set once
 *   it has loaded
 * @param {object} [options]
 * @param {string} [options.own] the host name that the server listens on
 * @param {string} [options.key] the API key that requests must send
 * @param {number} [options.timeout] ms in which a request must arrive
 * @param {(error: Error) => void} [options.onFailure] called for errors that no request caused
 */
export function modelServers(count, entries, { own, key, timeout = REQUEST_TIMEOUT, onFailure = () => {} } = {}) {
  for (const entry of entries) Object.assign(entry, { metrics: new Metrics(), needsKey: key !== undefined });
  const listener = (request, response) => {
    answer(entries, { own, key }, request, response).catch(async (error) => {
      await drain(request).catch(() => {});
      if (response.destroyed || error.name === 'AbortError') return void response.destroy(); /* the client has left */
      const failure = httpError(error);
      if (failure.status === 500) onFailure(error);
      if (response.writableEnded) return; /* a stream that has reported the error */
      if (response.headersSent) response.destroy();
      else sendJson(response, failure.status, failure.body, failure.headers);
    });
  };
  const options = {
    headersTimeout: Math.min(timeout, HEADERS_TIMEOUT),
    requestTimeout: timeout,
    connectionsCheckingInterval: timeout / 10,
  };
  return Array.from({ length: count }, () => createServer(options, listener).on('clientError', refuseConnection));
}

export const modelServer = (entries, options) => modelServers(1, entries, options)[0];
