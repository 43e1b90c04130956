/* A static server for the measured pages, cross-origin isolated and with range requests. It serves the source tree,
 * and added files at /files/<number>/<name>. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

function range(header, size) {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (!match) return { status: 200, start: 0, end: size - 1 };
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end ? { status: 416 } : { status: 206, start, end };
}

/* Returns {url, add(path) → the file's URL, close()}. */
export async function serve() {
  const files = [];

  function locate(path) {
    const added = /^\/files\/(\d+)\//.exec(path);
    if (added) return files[Number(added[1])];
    const file = normalize(join(ROOT, path));
    return file.startsWith(ROOT) ? file : undefined;
  }

  const server = createServer((request, response) => {
    const headers = {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
      'Accept-Ranges': 'bytes',
    };
    const file = locate(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    const stat = file && statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) {
      response.writeHead(404, headers).end();
      return;
    }
    const { status, start, end } = range(request.headers.range, stat.size);
    if (status === 416) {
      response.writeHead(416, { ...headers, 'Content-Range': `bytes */${stat.size}` }).end();
      return;
    }
    headers['Content-Type'] = TYPES[extname(file)] ?? 'application/octet-stream';
    headers['Content-Length'] = end + 1 - start;
    if (status === 206) headers['Content-Range'] = `bytes ${start}-${end}/${stat.size}`;
    response.writeHead(status, headers);
    if (request.method === 'HEAD' || stat.size === 0) response.end();
    else createReadStream(file, { start, end, highWaterMark: 1 << 20 }).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://localhost:${server.address().port}`;
  return {
    url,
    add: (path) => `${url}/files/${files.push(path) - 1}/${encodeURIComponent(basename(path))}`,
    close: () => server.close(),
  };
}
