/* Where a model's bytes come from. In browsers this runs in dedicated workers. It works in Node too, where nothing is
 * stored. */
import { StoredModel } from '../store/copy.js';
import { keyOf } from '../store/index.js';
import { SourceError } from './error.js';
import { versionOf } from './first.js';
import { BlobFile, BufferFile } from './local.js';
import { RemoteFile } from './remote.js';
import { nameOf, urlsOf } from './urls.js';

export { SourceError };

/**
 * @import { ExpectedVersion } from '../store/copy.js'
 * @import { RemoteDescription } from './urls.js'
 *
 * Any of these can be posted to a worker. Several URLs or files are the splits of a model in order; if a URL's name
 * ends in -00001-of-0000N.gguf, the other splits are found.
 * @typedef {RemoteDescription | { files: Blob[] } | { stream: ReadableStream<Uint8Array>, size?: number }
 *   | { buffer: ArrayBuffer | Uint8Array }} SourceDescription
 *
 * @typedef {object} SourceOptions
 * @property {boolean} [cache] store the model in the browser and use the stored copy; true by default
 * @property {string} [key] identifies the stored copy; by default the URLs do
 * @property {boolean} [revalidate] ask the server whether a stored model is still its version; false by default: a
 *   stored model needs no network
 * @property {string | string[]} [sha256] of the file, or of each split
 * @property {Record<string, string>} [headers] of each request, such as Authorization
 * @property {AbortSignal} [signal]
 * @property {(progress: { loaded: number, total: number }) => void} [onProgress] bytes of all splits; total is 0 while
 *   unknown
 * @property {(text: string) => void} [onNote] notices that are not errors
 *
 * @typedef {object} Source
 * @property {number} size bytes of the (first) file; 0: unknown
 * @property {{ name: string, size: number }[]} splits
 * @property {'network' | 'store' | 'file' | 'memory'} from
 * @property {(bytes: Uint8Array, offset: number, split?: number) => Promise<number>} read fills the bytes, or the
 *   beginning of them if the others have not arrived, and resolves to how many it wrote; 0 at the end of the file
 * @property {boolean} seekable whether any order of reading is equally fast
 * @property {(ranges: [number, number][], split?: number) => void} expect announces the order in which ranges [offset,
 *   length] of a split will be read, so that they are downloaded in that order
 * @property {string} doubt what may be wrong with the size; '' if nothing may
 * @property {() => Promise<void>} finish call it when the model has been read and is valid. It verifies the hashes,
 *   stores what was not read, marks the stored copy as complete, and closes the source
 * @property {(error: Error) => Promise<boolean>} dropFor deletes the stored copy because of an error. Returns whether
 *   that succeeded; if not, the error's message says so too
 * @property {() => Promise<void>} close closes files and connections. Downloaded blocks stay stored, to be continued with
 *
 * One file of a source.
 * @typedef {object} SourceFile
 * @property {string} name
 * @property {number} size
 * @property {number} loaded bytes that have arrived
 * @property {boolean} seekable
 * @property {(bytes: Uint8Array, offset: number) => number | Promise<number>} read
 * @property {(probe: boolean) => Promise<void>} [open]
 * @property {(ranges: [number, number][]) => void} [expect]
 * @property {() => Promise<void>} [finish]
 * @property {string} [doubt]
 * @property {(reason: unknown) => void} [abort]
 */

const PROGRESS_INTERVAL = 50; // ms

/**
 * Whether the bytes at a URL are in this browser anyway.
 * @param {string} url absolute
 */
const isLocal = (url) => /^(blob|data):/.test(url);

/**
 * The server's current version of a file; undefined if it cannot be asked.
 * @param {string} url
 * @param {{ headers?: Record<string, string>, signal: AbortSignal }} request
 * @param {(text: string) => void} note
 */
async function currentVersion(url, request, note) {
  try {
    return await versionOf(url, request);
  } catch (error) {
    request.signal.throwIfAborted();
    note(`the server cannot be asked for changes: ${error.message}`);
  }
}

/** The files of a source while it is opened, read and closed. */
class OpenSource {
  /** @type {SourceFile[]} */
  files = [];
  /** @type {Source['from']} */
  from = 'network';
  /** @type {StoredModel | undefined} */
  #copy;
  #options;
  #checksums;
  #signal;
  #reported = 0; // time of the last progress report

  /** @param {SourceOptions & { signal: AbortSignal }} options */
  constructor(options) {
    this.#options = options;
    this.#signal = options.signal;
    this.#checksums = options.sha256
      ? /** @type {string[]} */ ([]).concat(options.sha256).map((each) => each.toLowerCase())
      : [];
  }

  #note = (/** @type {string} */ text) => this.#options.onNote?.(text);

  #progress = () => {
    const { files } = this;
    const total = files.every(({ size }) => size) ? files.reduce((sum, { size }) => sum + size, 0) : 0;
    const loaded = files.reduce((sum, file) => sum + file.loaded, 0);
    if (loaded !== total && performance.now() - this.#reported < PROGRESS_INTERVAL) return;
    this.#reported = performance.now();
    this.#options.onProgress?.({ loaded, total });
  };

  /** @param {SourceDescription} described */
  async open(described) {
    await this.#openFiles(described);
    this.#signal.throwIfAborted();
    const [hashes, files] = [this.#checksums.length, this.files.length];
    if (hashes && hashes !== files)
      throw new TypeError(`the option sha256 needs a hash for each file: it has ${hashes}, and the model has ${files}`);
    await Promise.all(this.files.map((file, i) => file.open?.(i > 0)));
  }

  /** @param {SourceDescription} described */
  async #openFiles(described) {
    const [note, progress] = [this.#note, this.#progress];
    if ('files' in described) {
      this.from = 'file';
      const signal = this.#signal;
      this.files = described.files.map(
        (blob, i) => new BlobFile(blob, { sha256: this.#checksums[i], signal, progress }),
      );
    } else if ('buffer' in described) {
      this.from = 'memory';
      this.files = [new BufferFile(described.buffer, this.#checksums[0])];
    } else if ('stream' in described) {
      const sha256 = this.#checksums[0];
      this.files = [
        new RemoteFile({ url: 'the stream', name: '', stream: described, splits: 1, sha256, note, progress }),
      ];
    } else {
      await this.#openRemote(urlsOf(described));
    }
  }

  /** @param {string[]} urls */
  async #openRemote(urls) {
    const { cache = true, revalidate = false, headers, key } = this.#options;
    const [note, progress] = [this.#note, this.#progress];
    if (cache && !urls.every(isLocal)) {
      const versions = revalidate
        ? await Promise.all(urls.map((url) => currentVersion(url, { headers, signal: this.#signal }, note)))
        : [];
      /** @type {ExpectedVersion[]} */
      const expected = urls.map((_, i) => ({ sha256: this.#checksums[i], version: versions[i] }));
      this.#copy = await StoredModel.open(keyOf(urls, key), expected, note);
    }
    this.files = urls.map(
      (url, i) =>
        new RemoteFile({
          url,
          name: nameOf(url),
          publicUrl: key === undefined ? url : url.replace(/[?#].*/, ''), // without a signature
          copy: this.#copy?.files[i],
          splits: urls.length,
          sha256: this.#checksums[i],
          headers,
          note,
          progress,
        }),
    );
    if (this.#copy?.complete) this.from = 'store';
  }

  /** @param {Error} error why the stored copy is deleted */
  async dropFor(error) {
    return this.#copy ? this.#copy.dropFor(error) : true;
  }

  /** Completes the stored copy of a valid model, and closes the source. */
  async finish() {
    await Promise.all(this.files.map((file) => file.finish?.()));
    await this.close();
  }

  /** Closes files and connections at once. */
  async close() {
    for (const file of this.files) file.abort?.(this.#signal.reason ?? new SourceError('the source has been closed'));
    await this.#copy?.close();
  }
}

/**
 * @param {SourceDescription} described
 * @param {SourceOptions} [options]
 * @returns {Promise<Source>}
 */
export async function openSource(described, options = {}) {
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const source = new OpenSource({ ...options, signal });
  const aborted = () => void source.close().catch(() => {});
  signal.addEventListener('abort', aborted, { once: true });
  try {
    await source.open(described);
  } catch (error) {
    signal.removeEventListener('abort', aborted);
    const closed = source.close();
    if (signal.aborted)
      closed.catch(() => {}); // an abort does not wait for the storage
    else await closed;
    throw error;
  }
  const { files, from } = source;
  return {
    from,
    size: files[0].size,
    splits: files.map(({ name, size }) => ({ name, size })),
    seekable: files.every((file) => file.seekable),
    async read(bytes, offset, split = 0) {
      signal.throwIfAborted();
      if (!files[split])
        throw new SourceError(`the model has ${files.length} files, and split ${split + 1} is missing`);
      return files[split].read(bytes, offset);
    },
    expect: (ranges, split = 0) => files[split]?.expect?.(ranges),
    get doubt() {
      return files.find((file) => file.doubt)?.doubt ?? '';
    },
    finish: () => source.finish(),
    dropFor: (error) => source.dropFor(error),
    async close() {
      await source.close().finally(() => signal.removeEventListener('abort', aborted));
    },
  };
}
