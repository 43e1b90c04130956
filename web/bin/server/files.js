/* Serves files: content types, ranges, ETags, and the headers that let a page use threads. */
import { open, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { HttpError } from './http.js';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.gguf': 'application/octet-stream',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};
/* Browsers give shared memory, and so threads, only to pages with these headers. */
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export const notFound = () => new HttpError(404, 'not found', { code: 'not_found' });

/* Resolves a client's `path` below `root`. Throws 404 if it does not exist or leads outside. */
export async function resolveBelow(root, path) {
  const names = path.split('/');
  if (path.includes('\0') || path.includes('\\') || names.some((name) => name.startsWith('.'))) throw notFound();
  const file = await realpath(join(root, ...names)).catch(() => {
    throw notFound();
  });
  if (!file.startsWith((await realpath(root)) + sep)) throw notFound();
  return file;
}

/* The [start, end) of a Range header; undefined for the whole file. Requests for several ranges get the whole file,
 * as HTTP allows. */
function rangeOf(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const [, first, last] = match;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (first !== '' && last !== '' && Number(last) < start) return undefined;
  if (start >= end)
    throw new HttpError(416, `the file has ${size} bytes`, { headers: { 'Content-Range': `bytes */${size}` } });
  return [start, end];
}

/* Answers a GET or HEAD request with a file. */
export async function sendFile(request, response, path) {
  const type = TYPES[extname(path)];
  const file = type && (await open(path).catch(() => undefined));
  if (!file) throw notFound();
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw notFound();
    const etag = `"${stat.size.toString(36)}-${Math.floor(stat.mtimeMs).toString(36)}"`;
    const { range, 'if-range': ifRange, 'if-none-match': known } = request.headers;
    const headers = { ...ISOLATED, ETag: etag, 'Last-Modified': stat.mtime.toUTCString(), 'Cache-Control': 'no-cache' };
    if (known?.split(/,\s*/).some((each) => each === '*' || each.replace(/^W\//, '') === etag))
      return void response.writeHead(304, headers).end();
    const section = ifRange === undefined || ifRange === etag ? rangeOf(range, stat.size) : undefined;
    const [start, end] = section ?? [0, stat.size];
    Object.assign(headers, {
      'Content-Type': type,
      'Content-Length': end - start,
      'Accept-Ranges': 'bytes',
      'X-Content-Type-Options': 'nosniff',
    });
    if (section) headers['Content-Range'] = `bytes ${start}-${end - 1}/${stat.size}`;
    response.writeHead(section ? 206 : 200, headers);
    if (request.method === 'HEAD' || start === end) return void response.end();
    await pipeline(file.createReadStream({ start, end: end - 1, autoClose: false }), response);
  } finally {
    await file.close();
  }
}
