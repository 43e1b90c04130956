/* A static server as a visitor's page would have it: web/ at the root, the built modules where the package looks for
 * them, and models under /models/. `isolated` adds the headers that threads need, `rate` is the speed of models in
 * bytes a second. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, extname, join, normalize } from 'node:path';
import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = {
  '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.png': 'image/png',
  '.json': 'application/json', '.webmanifest': 'application/manifest+json', '.wasm': 'application/wasm',
};
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

function slowed(rate) {
  let start, passed = 0;
  return new Transform({
    async transform(chunk, _, done) {
      start ??= Date.now();
      passed += chunk.length;
      await sleep(Math.max(0, start + (passed / rate) * 1000 - Date.now()));
      done(null, chunk);
    },
  });
}

/* {url, model: URL of the model, rate, isolated, asked: paths asked for, close()} */
export async function site(model, { isolated = true, rate = 0 } = {}) {
  const state = { rate, isolated, asked: [] };

  function locate(path) {
    if (path === `/models/${basename(model)}`) return model;
    for (const root of ['web/', '']) {
      const file = normalize(join(ROOT, root, path.endsWith('/') ? `${path}index.html` : path));
      if (file.startsWith(ROOT) && statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
    }
    return undefined;
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    state.asked.push(path);
    const headers = { ...(state.isolated && ISOLATED), 'Cache-Control': 'no-cache', 'Accept-Ranges': 'bytes' };
    const file = locate(path);
    if (!file) return void response.writeHead(404, headers).end();
    const { size, mtimeMs } = statSync(file);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = range ? Number(range[1]) : 0;
    const end = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
    if (start > end && size > 0) return void response.writeHead(416, { ...headers, 'Content-Range': `bytes */${size}` }).end();
    headers['Content-Type'] = TYPES[extname(file)] ?? 'application/octet-stream';
    headers['Content-Length'] = end + 1 - start;
    headers.ETag = `"${size}-${Math.round(mtimeMs)}"`;
    if (range) headers['Content-Range'] = `bytes ${start}-${end}/${size}`;
    response.writeHead(range ? 206 : 200, headers);
    if (request.method === 'HEAD' || size === 0) return void response.end();
    const bytes = createReadStream(file, { start, end, highWaterMark: 1 << 18 });
    response.on('close', () => bytes.destroy());
    (state.rate && file === model ? bytes.pipe(slowed(state.rate)) : bytes).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://localhost:${server.address().port}`;
  state.model = `${state.url}/models/${encodeURIComponent(basename(model))}`;
  state.close = () => { server.closeAllConnections(); server.close(); };
  return state;
}
