/* The shared memory of a threaded module. Its limits must match the module's import, and no host tells them, so they
 * are read from the module's bytes. */

const IMPORT_SECTION = 2;
const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };

/* Reads LEB128 numbers and names; the bytes were compiled before, so they are well formed. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 8; /* magic and version */
  }
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  name() {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }
  limits() {
    const flags = this.bytes[this.at++];
    const initial = this.number();
    const maximum = flags & 1 ? this.number() : undefined;
    return { initial, maximum, shared: (flags & 2) !== 0, wide: (flags & 4) !== 0 };
  }
}

/* {module, name, initial, maximum, shared, wide} of the memory that a module (its bytes, a Uint8Array) imports, in
 * pages of 64 KiB; null when it imports none. wide: 64-bit addresses. */
export function memoryImport(bytes) {
  const reader = new Reader(bytes);
  while (reader.at < bytes.length) {
    const section = bytes[reader.at++];
    const length = reader.number();
    if (section !== IMPORT_SECTION) {
      reader.at += length;
      continue;
    }
    for (let left = reader.number(); left > 0; left--) {
      const module = reader.name();
      const name = reader.name();
      const kind = bytes[reader.at++];
      if (kind === KIND.memory) return { module, name, ...reader.limits() };
      if (kind === KIND.function) reader.number();
      else if (kind === KIND.global) reader.at += 2;
      else if (kind === KIND.tag) { reader.at++; reader.number(); }
      else { reader.at++; reader.limits(); }
    }
    return null;
  }
  return null;
}

/* A shared memory that fits the import. Some hosts reserve all of the maximum at once and refuse a large one; the
 * maximum is then stepped down. RangeError when even `leastPages` (or the initial size) is refused. */
export function sharedMemory({ initial, maximum, wide }, leastPages = initial) {
  const least = Math.max(initial, leastPages);
  for (let pages = Math.max(maximum, least); ; ) {
    try {
      return wide
        ? new WebAssembly.Memory({ initial: BigInt(initial), maximum: BigInt(pages), shared: true, address: 'i64' })
        : new WebAssembly.Memory({ initial, maximum: pages, shared: true });
    } catch (error) {
      if (pages <= least || !(error instanceof RangeError)) throw error;
      pages = Math.max(least, Math.floor(pages * 0.75));
    }
  }
}
