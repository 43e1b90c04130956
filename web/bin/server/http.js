/* Shared by the routes: errors in OpenAI's format, JSON bodies, and access control. */
import { isUtf8 } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { isIP } from 'node:net';

const MAX_BODY = 8 << 20; /* bytes */
const MAX_DEPTH = 128; /* of nested arrays and objects; the engine's templates nest less than 200 levels */
/* JSON is parsed in one step, during which no other request is answered. These limits keep it below 200 ms. */
const MAX_ITEMS = 1 << 18;
const MAX_KEYS = 1 << 16;

export class HttpError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {{ param?: string | null, code?: string | null, headers?: Record<string, string> }} [fields]
   */
  constructor(status, message, { param = null, code = null, headers = {} } = {}) {
    super(message);
    this.status = status;
    this.type = status < 500 ? 'invalid_request_error' : 'server_error';
    this.param = param;
    this.code = code;
    this.headers = headers;
  }

  get body() {
    const { message, type, param, code } = this;
    return { error: { message, type, param, code } };
  }
}

/* The bytes of an answer on a connection that has failed, and then is closed. */
export function rawAnswer({ status, body }) {
  const text = JSON.stringify(body);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Content-Type: application/json', 'Connection: close'];
  return `${head.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

export function sendJson(response, status, value, headers = {}) {
  const bytes = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

const [QUOTE, BACKSLASH] = Buffer.from('"\\');
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, COMMA, COLON] = Buffer.from('[]{},:');

/* How deeply the arrays and objects of a JSON text are nested, and how many commas and keys it has. */
function shapeOf(bytes) {
  let depth = 0;
  const shape = { depth: 0, commas: 0, keys: 0 };
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) inString = !inString;
    else if (inString) i += byte === BACKSLASH ? 1 : 0;
    else if (byte === COMMA) shape.commas++;
    else if (byte === COLON) shape.keys++;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) shape.depth = Math.max(shape.depth, ++depth);
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth--;
  }
  return shape;
}

function checkShape(bytes) {
  const { depth, commas, keys } = shapeOf(bytes);
  if (depth > MAX_DEPTH) throw new HttpError(400, `the request body nests more than ${MAX_DEPTH} arrays and objects`);
  if (commas > MAX_ITEMS) throw new HttpError(413, `the request body has more than ${MAX_ITEMS} values`);
  if (keys > MAX_KEYS) throw new HttpError(413, `the request body has more than ${MAX_KEYS} keys`);
}

/* The first byte where the two differ, which they do. */
function firstDifference(a, b) {
  let low = 0;
  for (let high = a.length; high - low > 1; ) {
    const middle = (low + high) >> 1;
    if (a.subarray(low, middle).equals(b.subarray(low, middle))) low = middle;
    else high = middle;
  }
  return low;
}

/* The text of a body, without the byte order mark that some clients send. */
function decode(bytes) {
  const text = bytes.toString();
  if (!isUtf8(bytes)) {
    const offset = firstDifference(bytes, Buffer.from(text)); /* where an invalid sequence was replaced */
    throw new HttpError(400, `the request body is not valid UTF-8 at byte ${offset}; JSON is sent as UTF-8`);
  }
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function parseJson(bytes) {
  const text = decode(bytes);
  checkShape(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(400, `the request body is not valid JSON: ${error.message}`);
  }
}

/* Reads the JSON object in a request's body. */
export async function readJson(request) {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new HttpError(415, `the request body has the Content-Encoding ${encoding}; send it without one`);
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
    else chunks.length = 0; /* keep reading, because a client reads the answer only after it has sent its request */
    if (size > 8 * MAX_BODY) break;
  }
  if (size > MAX_BODY)
    throw new HttpError(413, `the request body is larger than ${MAX_BODY} bytes`, { headers: { Connection: 'close' } });
  const value = parseJson(Buffer.concat(chunks));
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new HttpError(400, 'the request body must be a JSON object');
  return value;
}

function hostnameOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return '';
  }
}

const isLoopback = (name) =>
  name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.\d+){3}$/.test(name);

/* A host name or an address, and a port: no user, path or escapes, which a URL would interpret. */
const PLAIN_HOST = /^([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i;

/* Refuses host names that an attacker could point at this machine (DNS rebinding). IP addresses and `own` are safe. */
function checkHost(host, own) {
  if (!PLAIN_HOST.test(host)) throw new HttpError(403, `the host "${host}" is not a name or an address, with a port`);
  const name = hostnameOf(`http://${host}`);
  if (!isLoopback(name) && !isIP(name.replace(/^\[|\]$/g, '')) && name !== own)
    throw new HttpError(403, `this server does not answer for the host "${host}"`);
}

/* The headers that let a page read the answer. Refuses pages that were not served by this machine. */
function originHeaders(origin, host) {
  if (origin === undefined) return {};
  if (origin !== `http://${host}` && !(/^https?:/.test(origin) && isLoopback(hostnameOf(origin)))) {
    throw new HttpError(403, `pages from ${origin} may not use this server`);
  }
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': '*', Vary: 'Origin' };
}

/* The host and the path of a request, without its query. A request target is a path, or a whole URL, whose host then
 * counts instead of the header. Clients that append a path to a base URL can double a slash or end with one. */
export function targetOf({ url, headers }) {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url);
  const [path] = (absolute ? absolute[2] : url).split(/[?#]/, 1);
  const single = path.replace(/\/{2,}/g, '/') || '/';
  return { host: absolute ? absolute[1] : (headers.host ?? ''), path: single };
}

/* Sets the headers of every answer. Throws if the request is not allowed. host: that of the request. own: the host
 * name that the server listens on. */
export function admit(request, response, host, own) {
  checkHost(host, own);
  for (const [name, value] of Object.entries(originHeaders(request.headers.origin, host)))
    response.setHeader(name, value);
}

const digest = (bytes) => createHash('sha256').update(bytes).digest();

/* Throws unless the request sends the key. The time that this takes does not depend on the key that was sent. */
export function requireKey({ headers }, key) {
  const [, sent] = /^Bearer +(.*)$/i.exec(headers.authorization ?? '') ?? [];
  if (sent !== undefined && timingSafeEqual(digest(Buffer.from(sent, 'latin1')), digest(key))) return;
  throw new HttpError(401, 'this server needs an API key: send it in the header Authorization, after "Bearer "', {
    code: 'invalid_api_key',
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}

export function preflight(request, response) {
  const { 'access-control-request-headers': headers, 'access-control-request-private-network': privateNetwork } =
    request.headers;
  response
    .writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, HEAD, POST',
      'Access-Control-Allow-Headers': headers ?? 'Content-Type',
      'Access-Control-Max-Age': '600',
      ...(privateNetwork && { 'Access-Control-Allow-Private-Network': 'true' }),
    })
    .end();
}
