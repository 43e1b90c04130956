/* What no host tells of a module and is read from its bytes: the limits that a threaded module's shared memory must match,
 * and the types of a 64-bit module's functions. */

const SECTION = { type: 1, import: 2, function: 3, memory: 5, export: 7 };
const I64 = 0x7e;
const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };

/* Reads LEB128 numbers and names; the bytes were compiled before, so they are well formed. */
class Reader {
  constructor(bytes, at = 8 /* after magic and version */) {
    this.bytes = bytes;
    this.at = at;
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
    if (section !== SECTION.import) {
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
      else if (kind === KIND.tag) {
        reader.at++;
        reader.number();
      } else {
        reader.at++;
        reader.limits();
      }
    }
    return null;
  }
  return null;
}

/* The vectors of a module's sections, by number: a Reader before the first element, and how many there are. */
function sections(bytes) {
  const found = {};
  for (const reader = new Reader(bytes); reader.at < bytes.length; ) {
    const section = bytes[reader.at++];
    const length = reader.number();
    found[section] = new Reader(bytes, reader.at);
    reader.at += length;
  }
  return found;
}

/* Whether a module's own memory has 64-bit addresses. */
function hasWideMemory(bytes) {
  const reader = sections(bytes)[SECTION.memory];
  return reader !== undefined && reader.number() > 0 && reader.limits().wide;
}

/* The exports of a 64-bit module with numbers where it has 64-bit ones: addresses and sizes stay below 2^53. Those of a
 * 32-bit module as they are. */
export function numberExports(bytes, exports) {
  if (!(memoryImport(bytes)?.wide ?? hasWideMemory(bytes))) return exports;
  const found = sections(bytes);
  const types = Array.from({ length: found[SECTION.type].number() }, () => {
    const { [SECTION.type]: reader } = found;
    reader.at++; /* a function */
    const list = () => Array.from({ length: reader.number() }, () => bytes[reader.at++]);
    return { params: list(), results: list() };
  });
  const functions = Array.from(
    { length: found[SECTION.function].number() },
    () => types[found[SECTION.function].number()],
  );
  const numbers = { memory: exports.memory };
  for (let left = found[SECTION.export].number(); left > 0; left--) {
    const name = found[SECTION.export].name();
    const kind = bytes[found[SECTION.export].at++];
    const index = found[SECTION.export].number();
    if (kind !== KIND.function) continue;
    const { params, results } = functions[index]; /* no function is imported */
    const wide = params.map((type) => type === I64);
    const run = exports[name];
    const call = (...given) => run(...given.map((value, i) => (wide[i] ? BigInt(value) : value)));
    numbers[name] = results[0] === I64 ? (...given) => Number(call(...given)) : call;
  }
  return numbers;
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
