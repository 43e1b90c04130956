/* The addresses of a model's files. */

/**
 * One URL, several, or a file of a repository of Hugging Face or of a server like it.
 * @typedef {{ url: string } | { urls: string[] }
 *   | { repo: string, file: string, revision?: string, endpoint?: string }} RemoteDescription
 */

const HUGGING_FACE = 'https://huggingface.co';

/**
 * The URLs of all splits, given the first.
 * @param {string} url
 */
function splitUrls(url) {
  const match = /-00001-of-(\d{5})(\.gguf)(?=$|[?#])/.exec(url);
  if (!match) return [url];
  return Array.from({ length: Number(match[1]) }, (_, i) =>
    url.replace(match[0], `-${String(i + 1).padStart(5, '0')}-of-${match[1]}${match[2]}`),
  );
}

/** @param {string} path */
const encodePath = (path) => path.split('/').map(encodeURIComponent).join('/');

/**
 * @param {RemoteDescription} described
 * @returns {string[]} one for each split
 */
function givenUrls(described) {
  if ('urls' in described && described.urls) return described.urls;
  if ('url' in described && described.url) return splitUrls(described.url);
  if (!('repo' in described)) throw new TypeError('a source must be a URL, a file, a stream or bytes');
  const { repo, file, revision = 'main', endpoint = HUGGING_FACE } = described;
  const base = `${endpoint.replace(/\/$/, '')}/${encodePath(repo)}/resolve/${encodeURIComponent(revision)}`;
  return splitUrls(`${base}/${encodePath(file)}`);
}

/**
 * The file's own address, if a URL is that of the web page that Hugging Face shows about the file.
 * @param {URL} url
 */
export function withoutFilePage(url) {
  const page = /^(\/[^/]+\/[^/]+)\/blob\//.exec(url.pathname);
  if (page && /^(huggingface\.co|hf\.co)$/.test(url.host))
    url.pathname = url.pathname.replace(page[0], `${page[1]}/resolve/`);
  return url;
}

/**
 * Absolute URLs, one for each split.
 * @param {RemoteDescription} described
 */
export const urlsOf = (described) =>
  givenUrls(described).map((url) => withoutFilePage(new URL(url, globalThis.location?.href)).href);

/**
 * A URL's last path segment.
 * @param {string} url
 */
export function nameOf(url) {
  const last = new URL(url).pathname.split('/').pop() ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
