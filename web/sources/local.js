/* Files that are at hand: a File or Blob, or bytes in memory. */
import { Sha256 } from '../store/sha256.js';
import { SourceError } from './error.js';

/** @import { SourceFile } from './index.js' */

const READ_BYTES = 4 << 20;

/**
 * Rejects if a file's hash is not the expected one. Reads the file again, from start to end.
 * @param {SourceFile} file
 * @param {string | undefined} sha256
 */
async function verify(file, sha256) {
  if (!sha256) return;
  const hash = new Sha256();
  const piece = new Uint8Array(Math.min(READ_BYTES, file.size));
  for (let at = 0; at < file.size; ) {
    const count = await file.read(piece, at);
    hash.update(piece.subarray(0, count));
    at += count;
  }
  const digest = hash.hex();
  if (digest !== sha256) throw new SourceError(`${file.name || 'the file'}: its SHA-256 is ${digest}, not ${sha256}`);
}

/** @implements {SourceFile} */
export class BlobFile {
  seekable = true;
  loaded = 0;
  #blob;
  #sha256;
  #signal;
  #progress;

  /**
   * @param {Blob} blob
   * @param {{ sha256?: string, signal: AbortSignal, progress: () => void }} options
   */
  constructor(blob, { sha256, signal, progress }) {
    this.name = 'name' in blob ? String(blob.name) : '';
    this.size = blob.size;
    this.#blob = blob;
    this.#sha256 = sha256;
    this.#signal = signal;
    this.#progress = progress;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} offset
   */
  async read(bytes, offset) {
    let done = 0;
    while (done < bytes.length && offset + done < this.size) {
      this.#signal.throwIfAborted();
      const at = offset + done;
      const length = Math.min(READ_BYTES, bytes.length - done);
      const piece = await this.#blob
        .slice(at, at + length)
        .arrayBuffer()
        .catch((error) => {
          throw new Error(`${this.name || 'the file'} cannot be read at byte ${at}: ${error.message}`);
        });
      bytes.set(new Uint8Array(piece), done);
      done += piece.byteLength;
    }
    this.loaded = Math.max(this.loaded, offset + done);
    this.#progress();
    return done;
  }

  finish() {
    return verify(this, this.#sha256);
  }
}

/** @implements {SourceFile} */
export class BufferFile {
  name = '';
  seekable = true;
  #bytes;
  #sha256;

  /**
   * @param {ArrayBuffer | Uint8Array} buffer
   * @param {string} [sha256]
   */
  constructor(buffer, sha256) {
    this.#sha256 = sha256;
    this.#bytes = buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : buffer;
    this.size = this.loaded = this.#bytes.length;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} offset
   */
  read(bytes, offset) {
    const found = this.#bytes.subarray(offset, offset + bytes.length);
    bytes.set(found);
    return found.length;
  }

  finish() {
    return verify(this, this.#sha256);
  }
}
