/* A server for the browser tests that can be told to misbehave. It serves the source tree at / and added files at
 * /files/<number>/<name>. All options can be changed while it runs. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, extname, join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};
const HEADER = 8 << 20; /* bytes at the start of a file that are always sent, even beyond `limit` */
const CHUNK = 64 << 10;

/* Reads from a file or from bytes in memory. content: a path or a Buffer. */
function reader(content) {
  if (typeof content !== 'string')
    return { read: (start, length) => content.subarray(start, start + length), close() {} };
  const handle = openSync(content);
  return {
    read(start, length) {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(handle, bytes, 0, length, start));
    },
    close: () => closeSync(handle),
  };
}

function range(header, size) {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (!match) return { status: 200, start: 0, end: size };
  const start = Number(match[1]);
  const end = match[2] === '' ? size : Math.min(Number(match[2]) + 1, size);
  return start >= end ? { status: 416 } : { status: 206, start, end };
}

/* A file and how to serve it. requests: those received so far, [{method, range, status, sent}]. */
class ServedFile {
  ranges = true; // false: ignore Range headers
  sized = true; // false: no Content-Length
  rate = Infinity; // bytes per second, over all connections
  etag = '"1"'; // '' for none
  limit = Infinity; // bytes to send in total before waiting for the limit to be raised
  cut = null; // {after, times}: break off this many answers after this many bytes
  offline = false; // true: close connections without an answer
  failures = []; // status codes for the next requests
  cors = null; // CORS headers, such as {'Access-Control-Allow-Origin': '*'}
  headers = {};
  compress = ''; // 'each': compress each answer by gzip, in spite of Accept-Encoding
  reject = () => 0; // (request) → a status, sent without CORS headers, or 0
  lie = null; // (bytes, [start, end] or null) → {status, headers, body} in place of a true answer
  mirrors = []; // headers for one answer after another
  requests = [];
  lastSent = 0; // time of the last byte, ms since 1970
  #free = 0;

  constructor(content, url, options) {
    this.content = content;
    this.url = url;
    Object.assign(this, options);
  }

  get size() {
    return typeof this.content === 'string' ? statSync(this.content).size : this.content.length;
  }

  /* Bytes sent in all requests. */
  get sent() {
    return this.requests.reduce((sum, { sent }) => sum + sent, 0);
  }

  /* Resolves when no bytes have been sent for a second. */
  async quiet() {
    for (let sent = -1; sent !== this.sent; ) {
      ({ sent } = this);
      await sleep(1000);
    }
  }

  /* Resolves when the rate allows `bytes` more. */
  async throttled(bytes) {
    if (this.rate === Infinity) return;
    const now = performance.now();
    this.#free = Math.max(this.#free, now - 20) + (bytes / this.rate) * 1000;
    if (this.#free > now) await sleep(this.#free - now);
  }
}

function drained(response) {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}

async function send(file, response, start, end, entry) {
  const source = reader(file.content);
  const limit = file.cut && file.cut.times-- > 0 ? file.cut.after : Infinity;
  try {
    for (let at = start; at < end && !response.destroyed; ) {
      if (entry.sent >= limit) return response.socket.destroySoon(); // bytes already written still arrive
      const length = Math.min(CHUNK, end - at, limit - entry.sent);
      await file.throttled(length);
      while (at >= HEADER && file.sent + length > file.limit && !response.destroyed) await sleep(20);
      const bytes = source.read(at, length);
      at += bytes.length;
      entry.sent += bytes.length;
      file.lastSent = performance.timeOrigin + performance.now();
      if (!response.write(bytes)) {
        await drained(response);
      }
    }
    response.end();
  } finally {
    source.close();
  }
}

/* Sends a range in gzip; Content-Length is that of the compressed bytes. */
function sendCompressed(file, response, { status, start, end, headers, entry }) {
  const source = reader(file.content);
  const body = gzipSync(source.read(start, end - start));
  source.close();
  entry.sent += body.length;
  Object.assign(headers, { 'Content-Encoding': 'gzip', 'Content-Length': body.length });
  response.writeHead(status, headers).end(body);
}

/* Answers as a server that is wrong about ranges. */
function sendLie(file, request, response, headers) {
  const { status, start, end } = range(request.headers.range, file.size);
  const { body, ...told } = file.lie(file.content, status === 206 ? [start, end] : null);
  const length = told.status === 204 ? {} : { 'Content-Length': body.length };
  const sent = { ...headers, ...file.cors, ...length, ...told.headers };
  if (status === 416) response.writeHead(416, { ...headers, ...file.cors }).end();
  else response.writeHead(told.status, sent).end(body);
}

async function answer(file, request, response, headers) {
  const size = file.size;
  const { status, start, end } = file.failures.length
    ? { status: file.failures.shift() }
    : range(file.ranges ? request.headers.range : '', size);
  const entry = { method: request.method, range: request.headers.range ?? '', status, sent: 0 };
  file.requests.push(entry);
  file.mirrors.push(...file.mirrors.splice(0, 1));
  Object.assign(headers, file.cors, file.headers);
  if (file.etag) headers.ETag = file.etag;
  if (file.ranges) headers['Accept-Ranges'] = 'bytes';
  if (status === 416) headers['Content-Range'] = `bytes */${size}`;
  if (status !== 200 && status !== 206) return response.writeHead(status, headers).end();
  headers['Content-Type'] ??= TYPES[extname(file.url)] ?? 'application/octet-stream';
  if (file.sized) headers['Content-Length'] = end - start;
  if (status === 206) headers['Content-Range'] = `bytes ${start}-${end - 1}/${size}`;
  Object.assign(headers, file.mirrors[0]);
  if (file.compress === 'each') return sendCompressed(file, response, { status, start, end, headers, entry });
  response.writeHead(status, headers);
  if (request.method === 'HEAD') return response.end();
  return send(file, response, start, end, entry);
}

/* Returns {url, isolated, headers, offline, missing, fallback, requests, add(content, options) → ServedFile, close()}.
 * isolated: send the headers for cross-origin isolation; headers: more of them; missing: a pattern of paths that get
 * status 404; fallback: a page (a Buffer) that is sent instead, with status 200; options: the fields of a ServedFile,
 * and `name`. */
export async function serve({ isolated = true, root = ROOT, address = '127.0.0.1' } = {}) {
  const files = [];
  const placed = new Map(); // path → ServedFile
  const state = { isolated, offline: false, missing: null, fallback: null, headers: {}, requests: [] };

  function locate(path) {
    if (placed.has(path)) return placed.get(path);
    const added = /^\/files\/(\d+)\//.exec(path);
    if (added) return files[Number(added[1])];
    const file = normalize(join(root, path === '/web/offline.js' ? 'web/demo/offline.js' : path));
    const found = file.startsWith(root) && statSync(file, { throwIfNoEntry: false })?.isFile();
    return found ? new ServedFile(file, file) : undefined;
  }

  const server = createServer((request, response) => {
    if (state.offline) return void request.socket.destroy();
    const headers = { 'Cache-Control': 'no-store', 'Cross-Origin-Resource-Policy': 'same-origin' };
    if (state.isolated)
      Object.assign(headers, {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      });
    Object.assign(headers, state.headers);
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    state.requests.push(path);
    const found = state.missing?.test(path) ? undefined : locate(path);
    const file = found ?? (state.fallback ? new ServedFile(state.fallback, '/index.html') : undefined);
    if (file?.offline) return void request.socket.destroy();
    if (!file) return void response.writeHead(404, headers).end();
    const rejected = file.reject(request);
    if (rejected) return void response.writeHead(rejected, headers).end();
    if (request.method === 'OPTIONS') return void response.writeHead(204, { ...headers, ...file.cors }).end();
    if (file.lie) return void sendLie(file, request, response, headers);
    answer(file, request, response, headers).catch(() => response.destroy());
  });
  await new Promise((resolve) => server.listen(0, address, resolve));
  const url = `http://${address === '127.0.0.1' ? 'localhost' : address}:${server.address().port}`;
  return Object.assign(state, {
    url,
    add(content, { name = typeof content === 'string' ? basename(content) : 'model.gguf', ...options } = {}) {
      const file = new ServedFile(content, `${url}/files/${files.length}/${encodeURIComponent(name)}`, options);
      files.push(file);
      return file;
    },
    /* Serves [[path, content]] at these paths and returns the server's URL. */
    folder(contents) {
      for (const [path, content] of contents) placed.set(path, new ServedFile(content, url + path));
      return url;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  });
}
