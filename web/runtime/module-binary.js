/* Facts about a module that hosts do not report, read from its bytes: the limits that a threaded module's shared memory
 * must match, and the types of a 64-bit module's functions. */

const SECTION = { type: 1, import: 2, function: 3, memory: 5, export: 7 };
const I64 = 0x7e;
const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 };
const HEADER_BYTES = 8; // magic number and version

/**
 * @typedef {object} MemoryLimits
 * @property {number} initial pages of 64 KiB
 * @property {number} [maximum] pages of 64 KiB
 * @property {boolean} shared
 * @property {boolean} memory64 64-bit addresses
 */

/** Reads LEB128 numbers and names. The module was compiled before, so its bytes are well formed. */
class Reader {
  /**
   * @param {Uint8Array} bytes
   * @param {number} [at]
   */
  constructor(bytes, at = HEADER_BYTES) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  name() {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  /** @returns {MemoryLimits} */
  limits() {
    const flags = this.byte();
    const initial = this.number();
    const maximum = flags & 1 ? this.number() : undefined;
    return { initial, maximum, shared: (flags & 2) !== 0, memory64: (flags & 4) !== 0 };
  }

  /**
   * Skips the description of an import.
   * @param {number} kind
   */
  skipImport(kind) {
    switch (kind) {
      case KIND.function:
        this.number();
        break;
      case KIND.global:
        this.at += 2;
        break;
      case KIND.tag:
        this.at++;
        this.number();
        break;
      case KIND.table:
        this.at++;
        this.limits();
        break;
      default:
        throw new Error(`a WebAssembly import of the unknown kind ${kind}`);
    }
  }
}

/**
 * A module's sections: for each section number, a Reader at the count of its elements.
 * @param {Uint8Array} bytes
 */
function sections(bytes) {
  /** @type {Record<number, Reader | undefined>} */
  const found = {};
  for (const reader = new Reader(bytes); reader.at < bytes.length; ) {
    const section = reader.byte();
    const length = reader.number();
    found[section] = new Reader(bytes, reader.at);
    reader.at += length;
  }
  return found;
}

/**
 * The memory that a module imports; null if it imports none.
 * @param {Uint8Array} bytes of the module
 * @returns {(MemoryLimits & { module: string, name: string }) | null}
 */
export function memoryImport(bytes) {
  const reader = sections(bytes)[SECTION.import];
  for (let left = reader?.number() ?? 0; reader && left > 0; left--) {
    const module = reader.name();
    const name = reader.name();
    const kind = reader.byte();
    if (kind === KIND.memory) return { module, name, ...reader.limits() };
    reader.skipImport(kind);
  }
  return null;
}

/**
 * Whether a module's own memory has 64-bit addresses.
 * @param {Record<number, Reader | undefined>} found
 */
function ownsMemory64(found) {
  const reader = found[SECTION.memory];
  return reader !== undefined && reader.number() > 0 && reader.limits().memory64;
}

/**
 * The parameter and result types of a module's own functions, in order. The module imports no functions.
 * @param {Record<number, Reader | undefined>} found
 */
function functionTypes(found) {
  const types = /** @type {Reader} */ (found[SECTION.type]);
  const functions = /** @type {Reader} */ (found[SECTION.function]);
  const list = () => Array.from({ length: types.number() }, () => types.byte());
  const signatures = Array.from({ length: types.number() }, () => {
    types.at++; // the mark of a function type
    return { params: list(), results: list() };
  });
  return Array.from({ length: functions.number() }, () => signatures[functions.number()]);
}

/**
 * The exports of a module. Functions of a 64-bit module are wrapped: they take and return numbers instead of BigInts,
 * because addresses and sizes stay below 2^53.
 * @param {Uint8Array} bytes of the module
 * @param {WebAssembly.Exports} exports of its instance
 * @returns {WebAssembly.Exports}
 */
export function numberExports(bytes, exports) {
  const found = sections(bytes);
  if (!(memoryImport(bytes)?.memory64 ?? ownsMemory64(found))) return exports;
  const functions = functionTypes(found);
  const reader = /** @type {Reader} */ (found[SECTION.export]);
  /** @type {WebAssembly.Exports} */
  const wrapped = { memory: exports.memory };
  for (let left = reader.number(); left > 0; left--) {
    const name = reader.name();
    const kind = reader.byte();
    const index = reader.number();
    if (kind !== KIND.function) continue;
    const { params, results } = functions[index];
    const is64 = params.map((type) => type === I64);
    const run = /** @type {(...values: (number | bigint)[]) => number | bigint} */ (exports[name]);
    /** @param {(number | bigint)[]} values */
    const call = (...values) => run(...values.map((value, i) => (is64[i] ? BigInt(value) : value)));
    /** @param {(number | bigint)[]} values */
    const callAndConvert = (...values) => Number(call(...values));
    wrapped[name] = results[0] === I64 ? callAndConvert : call;
  }
  return wrapped;
}
