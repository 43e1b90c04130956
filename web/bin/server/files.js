/* Files over HTTP: types, ranges, ETags, and the headers that give a page threads. */
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
/* Pages with these may share memory between threads. */
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export const notFound = () => new HttpError(404, 'there is nothing here', { code: 'not_found' });

/* The real path of what `path`, which comes from a client, names below `root`. */
export async function below(root, path) {
  const parts = path.split('/');
  if (path.includes('\0') || path.includes('\\') || parts.some((part) => part.startsWith('.'))) throw notFound();
  const file = await realpath(join(root, ...parts)).catch(() => {
    throw notFound();
  });
  if (!file.startsWith((await realpath(root)) + sep)) throw notFound();
  return file;
}

/* [start, end) of one range of bytes; undefined: the whole. Several ranges are answered by the whole, as is allowed. */
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

/* Answers GET and HEAD with a file. */
export async function sendFile(request, response, path) {
  const type = TYPES[extname(path)];
  const file = type && (await open(path).catch(() => undefined));
  if (!file) throw notFound();
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw notFound();
    const etag = `"${stat.size.toString(36)}-${Math.floor(stat.mtimeMs).toString(36)}"`;
    const { range, 'if-range': onlyFor, 'if-none-match': known } = request.headers;
    const headers = { ...ISOLATED, ETag: etag, 'Last-Modified': stat.mtime.toUTCString(), 'Cache-Control': 'no-cache' };
    if (known?.split(/,\s*/).some((each) => each === '*' || each.replace(/^W\//, '') === etag))
      return void response.writeHead(304, headers).end();
    const part = onlyFor === undefined || onlyFor === etag ? rangeOf(range, stat.size) : undefined;
    const [start, end] = part ?? [0, stat.size];
    Object.assign(headers, {
      'Content-Type': type,
      'Content-Length': end - start,
      'Accept-Ranges': 'bytes',
      'X-Content-Type-Options': 'nosniff',
    });
    if (part) headers['Content-Range'] = `bytes ${start}-${end - 1}/${stat.size}`;
    response.writeHead(part ? 206 : 200, headers);
    if (request.method === 'HEAD' || start === end) return void response.end();
    await pipeline(file.createReadStream({ start, end: end - 1, autoClose: false }), response);
  } finally {
    await file.close();
  }
}
