/* Files that are at hand: a File or Blob, or bytes in memory. */

const PIECE = 4 << 20;

export class BlobFile {
  seekable = true;

  constructor(blob, { signal, progress }) {
    this.name = blob.name ?? '';
    this.size = blob.size;
    this.loaded = 0;
    this.blob = blob;
    this.signal = signal;
    this.progress = progress;
  }

  async read(bytes, offset) {
    let done = 0;
    while (done < bytes.length && offset + done < this.size) {
      this.signal?.throwIfAborted();
      const at = offset + done;
      const length = Math.min(PIECE, bytes.length - done);
      const piece = await this.blob
        .slice(at, at + length)
        .arrayBuffer()
        .catch((error) => {
          throw new Error(`${this.name || 'the file'} cannot be read at byte ${at}: ${error.message}`);
        });
      bytes.set(new Uint8Array(piece), done);
      done += piece.byteLength;
    }
    this.loaded = Math.max(this.loaded, offset + done);
    this.progress();
    return done;
  }
}

export class BufferFile {
  name = '';
  seekable = true;

  constructor(buffer) {
    this.bytes = buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : buffer;
    this.size = this.loaded = this.bytes.length;
  }

  read(bytes, offset) {
    const part = this.bytes.subarray(offset, offset + bytes.length);
    bytes.set(part);
    return part.length;
  }
}
