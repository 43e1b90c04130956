/* Files that are at hand: a File or Blob, or bytes in memory. */

/** @import { SourceFile } from './index.js' */

const READ_BYTES = 4 << 20;

/** @implements {SourceFile} */
export class BlobFile {
  seekable = true;
  loaded = 0;
  #blob;
  #signal;
  #progress;

  /**
   * @param {Blob} blob
   * @param {{ signal: AbortSignal, progress: () => void }} options
   */
  constructor(blob, { signal, progress }) {
    this.name = 'name' in blob ? String(blob.name) : '';
    this.size = blob.size;
    this.#blob = blob;
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
}

/** @implements {SourceFile} */
export class BufferFile {
  name = '';
  seekable = true;
  #bytes;

  /** @param {ArrayBuffer | Uint8Array} buffer */
  constructor(buffer) {
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
}
