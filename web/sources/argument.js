/* The source that a caller passes to loadModel: checks it, and describes it in a form that can be posted to a worker. */
import { isNode, node } from '../runtime/node.js';
import { bytesOf, classOf } from './bytes.js';
import { SourceError } from './error.js';

/** @import { SourceDescription } from './index.js' */

const EXPECTED =
  'the source must be a URL, { repo, file }, a File or Blob, a Response, a ReadableStream, an ArrayBuffer or a view of one, or an array of URLs or of files';

/**
 * What a value is, for an error.
 * @param {any} value
 * @returns {string}
 */
export function kindOf(value) {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return value.length ? `an array of ${value.map(kindOf).join(', ')}` : 'an empty array';
  if (value === '') return 'an empty text';
  if (value instanceof Promise) return 'a Promise: await it first';
  if (classOf(value) === 'Object') return `an object with the fields {${Object.keys(value).join(', ')}}`;
  return `a ${classOf(value)}`;
}

/** @param {unknown} source */
const unexpected = (source) => new TypeError(`${EXPECTED}, not ${kindOf(source)}`);

/** @param {unknown} value */
export const isAddress = (value) => (typeof value === 'string' && value !== '') || classOf(value) === 'URL';

/**
 * @param {string} text
 * @param {string} [base]
 */
function parses(text, base) {
  try {
    return !!new URL(text, base);
  } catch {
    return false;
  }
}

/**
 * The absolute URL of an address. Relative ones are resolved as fetch does. In Node, they are paths.
 * @param {string | URL} address
 */
export async function absoluteUrl(address) {
  const text = String(address);
  if (isNode) return parses(text) ? text : (await node('url')).pathToFileURL(text).href;
  try {
    return new Request(text).url;
  } catch (error) {
    const base = globalThis.document?.baseURI ?? location.href;
    if (parses(text) || parses('.', base)) throw new TypeError(`the URL ${text} is invalid: ${error.message}`);
    throw new TypeError(
      `the URL ${text} is relative, and relative URLs cannot be resolved here, because the address of this script is ${base}: use an absolute URL`,
    );
  }
}

/**
 * A file that Node reads when it is needed.
 * @param {string | URL} path
 */
async function openFile(path) {
  const { openAsBlob, statSync } = await node('fs');
  try {
    if (!statSync(path).isFile()) throw new Error('it is not a regular file');
    return await openAsBlob(path);
  } catch (error) {
    throw new SourceError(`${path}: the file cannot be opened (${error.message})`);
  }
}

/**
 * One file of a source: a URL as a string, or a Blob; undefined for anything else.
 * @param {any} value
 * @returns {Promise<string | Blob | undefined>}
 */
async function fileOf(value) {
  if (isAddress(value)) {
    const text = String(value);
    if (!isNode || /^https?:/.test(text)) return absoluteUrl(value);
    return openFile(text.startsWith('file:') ? new URL(text) : text);
  }
  const kind = classOf(value);
  if (kind === 'Blob' || kind === 'File') return value;
  if (kind === 'FileSystemFileHandle') return value.getFile();
  const bytes = bytesOf(value);
  return bytes && new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]);
}

/**
 * The files of a model in several splits.
 * @param {unknown[]} values
 * @returns {Promise<SourceDescription>}
 */
async function describeList(values) {
  const files = await Promise.all(values.map(fileOf));
  if (files.length && files.every((file) => typeof file === 'string')) return { urls: files };
  if (files.length && files.every((file) => typeof file === 'object')) return { files: /** @type {Blob[]} */ (files) };
  throw unexpected(values);
}

/**
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} [size]
 * @returns {SourceDescription}
 */
function describeStream(stream, size) {
  if (stream.locked) throw new TypeError('the stream has another reader, or has been given away');
  return { stream, size };
}

/**
 * @param {Response} response
 * @returns {SourceDescription}
 */
function describeResponse(response) {
  const { body, bodyUsed, headers, ok, status, statusText, type } = response;
  const name = response.url || 'the response';
  if (type === 'opaque')
    throw new SourceError(`${name}: the response cannot be read, because it was fetched with the mode no-cors`);
  if (!ok) throw new SourceError(`${name}: the server answered ${status}${statusText && ` ${statusText}`}`, { status });
  if (!body || bodyUsed) throw new TypeError(`${name}: the response ${body ? 'has been read already' : 'has no body'}`);
  /* Other origins hide whether the body was compressed. Its length is of use only if it was not. */
  const known = type !== 'cors' && !headers.has('content-encoding');
  return describeStream(body, known ? Number(headers.get('content-length') ?? 0) : 0);
}

/**
 * @param {any} source in the form of an object literal
 * @returns {Promise<SourceDescription>}
 */
async function describeFields(source) {
  const { url, urls, files, stream, size, buffer, repo, file, revision, endpoint } = source;
  if (isAddress(url)) return describe(url);
  if (classOf(stream) === 'ReadableStream') return describeStream(stream, size);
  if (bytesOf(buffer)) return describe(buffer);
  if (/^(Array|FileList)$/.test(classOf(urls ?? files))) return describeList(Array.from(urls ?? files));
  for (const text of [repo, file, revision ?? 'main', endpoint ?? 'https:'])
    if (!isAddress(text)) throw unexpected(source);
  return { repo, file, revision, endpoint: endpoint && (await absoluteUrl(endpoint)) };
}

/**
 * @param {any} source
 * @returns {Promise<SourceDescription>}
 */
export async function describe(source) {
  const kind = classOf(source);
  if (kind === 'Object') return describeFields(source);
  if (kind === 'Array' || kind === 'FileList') return describeList(Array.from(source));
  if (kind === 'ReadableStream') return describeStream(source);
  if (kind === 'Response') return describeResponse(source);
  const buffer = bytesOf(source);
  if (buffer?.length === 0) throw new TypeError('the source has no bytes: it is empty, or was transferred to a worker');
  if (buffer) return { buffer };
  const file = await fileOf(source);
  if (!file) throw unexpected(source);
  return typeof file === 'string' ? { url: file } : { files: [file] };
}
