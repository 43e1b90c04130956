/* Where a model's bytes come from. In browsers this is for dedicated workers; from URLs, Blobs, bytes and streams it
 * works in Node too, where nothing is stored. */
import { StoredModel } from '../store/copy.js';
import { keyOf } from '../store/index.js';
import { BlobFile, BufferFile } from './local.js';
import { RemoteFile } from './remote.js';
import { Answer, SourceError } from './request.js';

export { SourceError };

const PROGRESS = 50; // ms between reports

/**
 * One of these; all of them can be posted to a worker. Several URLs or files are the parts of a split model in order;
 * of a URL, or a file of a repository, whose name ends in -00001-of-0000N.gguf the others are found.
 * @typedef {{url: string} | {urls: string[]}
 *   | {repo: string, file: string, revision?: string, endpoint?: string}
 *   | {files: Blob[]} | {stream: ReadableStream<Uint8Array>, size?: number}
 *   | {buffer: ArrayBuffer | Uint8Array}} SourceOf
 */

/**
 * @typedef {object} SourceOptions
 * @property {boolean} [cache] keep the model in the browser's storage, and take it from there; true if not said
 * @property {boolean} [revalidate] ask the server whether a stored model is still its version; otherwise a stored model needs no network
 * @property {string | string[]} [sha256] of the file, or of each
 * @property {Record<string, string>} [headers] for each request, such as an Authorization
 * @property {AbortSignal} [signal]
 * @property {(progress: {loaded: number, total: number}) => void} [onProgress] bytes of all parts; total is 0 while it is not known
 * @property {(text: string) => void} [onNote] what the visitor may want to know though nothing fails
 */

/**
 * @typedef {object} Source
 * @property {number} size bytes of the (first) file; 0: not known
 * @property {{name: string, size: number}[]} parts
 * @property {'network' | 'store' | 'file' | 'memory'} from
 * @property {(bytes: Uint8Array, offset: number, part?: number) => Promise<number>} read fills the bytes, or their beginning
 *   when the rest is still on its way, and resolves to how many; 0 at the end of the file
 * @property {boolean} seekable whether it can be read in any order at no cost
 * @property {(ranges: [number, number][], part?: number) => void} expect tells the order, in ranges [offset, length], in
 *   which a part is going to be read, so that the network is asked in that order
 * @property {() => Promise<void>} drop deletes what is stored of it
 * @property {() => Promise<void>} close lets go of files and connections; what was downloaded stays for the next time
 */

/* The URLs of all parts, of the first part's. */
function split(url) {
  const match = /-00001-of-(\d{5})(\.gguf)(?=$|[?#])/.exec(url);
  if (!match) return [url];
  return Array.from({ length: Number(match[1]) }, (_, i) =>
    url.replace(match[0], `-${String(i + 1).padStart(5, '0')}-of-${match[1]}${match[2]}`),
  );
}

function urlsOf({ url, urls, repo, file, revision = 'main', endpoint = 'https://huggingface.co' }) {
  const path = (text) => text.split('/').map(encodeURIComponent).join('/');
  const given =
    urls ??
    split(url ?? `${endpoint.replace(/\/$/, '')}/${path(repo)}/resolve/${encodeURIComponent(revision)}/${path(file)}`);
  return given.map((each) => new URL(each, globalThis.location?.href).href);
}

function nameOf(url) {
  const last = new URL(url).pathname.split('/').pop();
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/* What the server has by now; undefined when it cannot be asked. */
async function versionOf(url, headers, signal, note) {
  try {
    const answer = await Answer.get(url, { method: 'HEAD', headers, signal });
    answer.end();
    return { etag: answer.etag, size: answer.length };
  } catch (error) {
    signal.throwIfAborted();
    note(`the server cannot be asked for changes: ${error.message}`);
  }
}

/**
 * @param {SourceOf} what
 * @param {SourceOptions} [options]
 * @returns {Promise<Source>}
 */
export async function openSource(
  what,
  { cache = true, revalidate = false, sha256, headers, signal = new AbortController().signal, onProgress, onNote } = {},
) {
  signal.throwIfAborted();
  const note = (text) => onNote?.(text);
  const checks = sha256 ? [].concat(sha256).map((each) => each.toLowerCase()) : [];
  let files = [];
  let model = null;
  let reported = 0;

  function progress() {
    const total = files.every(({ size }) => size) ? files.reduce((sum, { size }) => sum + size, 0) : 0;
    const loaded = files.reduce((sum, file) => sum + file.loaded, 0);
    if (loaded !== total && performance.now() - reported < PROGRESS) return;
    reported = performance.now();
    onProgress?.({ loaded, total });
  }

  async function openRemote() {
    const urls = urlsOf(what);
    const versions =
      cache && revalidate ? await Promise.all(urls.map((url) => versionOf(url, headers, signal, note))) : [];
    model = cache
      ? await StoredModel.open(
          keyOf(urls),
          urls.map((_, i) => ({ sha256: checks[i], version: versions[i] })),
          note,
        )
      : null;
    files = urls.map(
      (url, i) =>
        new RemoteFile({
          url,
          name: nameOf(url),
          copy: model?.files[i],
          parts: urls.length,
          sha256: checks[i],
          headers,
          note,
          progress,
        }),
    );
    return model?.complete ? 'store' : 'network';
  }

  async function openFiles() {
    if (what.files) {
      files = what.files.map((blob) => new BlobFile(blob, { signal, progress }));
      return 'file';
    }
    if (what.buffer) {
      files = [new BufferFile(what.buffer)];
      return 'memory';
    }
    if (!what.stream) return openRemote();
    files = [
      new RemoteFile({ url: 'the stream', name: '', stream: what, parts: 1, sha256: checks[0], note, progress }),
    ];
    return 'network';
  }

  async function letGo() {
    signal.removeEventListener('abort', aborted);
    for (const file of files) file.abort?.(signal.reason ?? new SourceError('the source has been closed'));
    await model?.close();
  }

  function aborted() {
    letGo().catch(() => {});
  }

  signal.addEventListener('abort', aborted, { once: true });
  try {
    const from = await openFiles();
    signal.throwIfAborted();
    await Promise.all(files.map((file, i) => file.open?.(i > 0)));
    return {
      from,
      size: files[0].size,
      parts: files.map(({ name, size }) => ({ name, size })),
      seekable: files.every((file) => file.seekable),
      async read(bytes, offset, part = 0) {
        signal.throwIfAborted();
        if (!files[part]) throw new SourceError(`the model has ${files.length} files, and part ${part + 1} is wanted`);
        return files[part].read(bytes, offset);
      },
      expect: (ranges, part = 0) => files[part]?.expect?.(ranges),
      async drop() {
        await model?.drop();
      },
      async close() {
        try {
          await Promise.all(files.map((file) => file.close?.()));
        } finally {
          await letGo();
        }
      },
    };
  } catch (error) {
    const gone = letGo();
    if (signal.aborted)
      gone.catch(() => {}); // an abort does not wait for the storage
    else await gone;
    throw error;
  }
}
