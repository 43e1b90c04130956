/* Shared by the routes: errors in OpenAI's format, JSON bodies, and access control. */
import { isIP } from 'node:net';

const MAX_BODY = 8 << 20; /* bytes */

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

/* Reads the JSON object in a request's body. */
export async function readJson(request) {
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
  let value;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw new HttpError(400, `the request body is not valid JSON: ${error.message}`);
  }
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

/* Refuses host names that an attacker could point at this machine (DNS rebinding). IP addresses and `own` are safe. */
function checkHost({ host = '' }, own) {
  const name = hostnameOf(`http://${host}`);
  if (!isLoopback(name) && !isIP(name.replace(/^\[|\]$/g, '')) && name !== own)
    throw new HttpError(403, `this server does not answer for the host "${host}"`);
}

/* The headers that let a page read the answer. Refuses pages that were not served by this machine. */
function originHeaders({ origin, host }) {
  if (origin === undefined) return {};
  if (origin !== `http://${host}` && !(/^https?:/.test(origin) && isLoopback(hostnameOf(origin)))) {
    throw new HttpError(403, `pages from ${origin} may not use this server`);
  }
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': '*', Vary: 'Origin' };
}

/* Sets the headers of every answer. Throws if the request is not allowed. own: the host name that the server listens on. */
export function admit(request, response, own) {
  checkHost(request.headers, own);
  for (const [name, value] of Object.entries(originHeaders(request.headers))) response.setHeader(name, value);
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
