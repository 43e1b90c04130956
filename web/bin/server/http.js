/* What the routes share: errors in OpenAI's shape, JSON in and out, and who may ask. */
import { isIP } from 'node:net';

const MOST_BYTES = 8 << 20; /* of a request's body */

export class HttpError extends Error {
  constructor(status, message, { param = null, code = null, headers = {} } = {}) {
    super(message);
    this.status = status;
    this.type = status < 500 ? 'invalid_request_error' : 'server_error';
    Object.assign(this, { param, code, headers });
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

/* The object that a request carries. */
export async function readJson(request) {
  const pieces = [];
  let size = 0;
  for await (const piece of request) {
    size += piece.length;
    if (size <= MOST_BYTES) pieces.push(piece); /* the rest is read, so that the client gets to the answer */
    else pieces.length = 0;
    if (size > 8 * MOST_BYTES) break;
  }
  if (size > MOST_BYTES)
    throw new HttpError(413, `the body has more than ${MOST_BYTES} bytes`, { headers: { Connection: 'close' } });
  let value;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString());
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${error.message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new HttpError(400, 'the body is not a JSON object');
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

/* A name of somebody else's could be made to mean this machine; addresses and `own` cannot. */
function checkHost({ host = '' }, own) {
  const name = hostnameOf(`http://${host}`);
  if (!isLoopback(name) && !isIP(name.replace(/^\[|\]$/g, '')) && name !== own)
    throw new HttpError(403, `the host ${host} is not served here`);
}

/* The headers that let a page of this machine read the answer; pages of other sites are refused. */
function originHeaders({ origin, host }) {
  if (origin === undefined) return {};
  if (origin !== `http://${host}` && !(/^https?:/.test(origin) && isLoopback(hostnameOf(origin)))) {
    throw new HttpError(403, `pages of ${origin} may not ask here`);
  }
  return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': '*', Vary: 'Origin' };
}

/* Sets what every answer has, and throws when the request may not be made. own: the name that is listened to. */
export function admit(request, response, own) {
  checkHost(request.headers, own);
  for (const [name, value] of Object.entries(originHeaders(request.headers))) response.setHeader(name, value);
}

export function preflight(request, response) {
  const { 'access-control-request-headers': headers, 'access-control-request-private-network': near } = request.headers;
  response
    .writeHead(204, {
      'Access-Control-Allow-Methods': 'GET, HEAD, POST',
      'Access-Control-Allow-Headers': headers ?? 'Content-Type',
      'Access-Control-Max-Age': '600',
      ...(near && { 'Access-Control-Allow-Private-Network': 'true' }),
    })
    .end();
}
