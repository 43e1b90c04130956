/* Calls into a module: addresses, buffers in linear memory, texts and errors. The classes of this folder are built on
 * it. */
import { STATUS } from './constants.js';
import { QuernError } from './error.js';

/** @import { ModuleExports } from '../engine.js' */

const NO_OFFSET = 0xffffffffffffffffn;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** @param {string | Uint8Array} text */
export const utf8 = (text) => (typeof text === 'string' ? encoder.encode(text) : text);
/** @param {Uint8Array} bytes */
export const textOf = (bytes) => decoder.decode(bytes);
/**
 * Token ids as bytes.
 * @param {ArrayLike<number>} ids
 */
export function tokenBytes(ids) {
  const list = Int32Array.from(ids);
  const wrong = list.findIndex((id, i) => id !== ids[i]);
  if (wrong >= 0) throw new QuernError(`${ids[wrong]} is not a token id`, STATUS.argument, null);
  return new Uint8Array(list.buffer);
}

/**
 * An address as a non-negative number: 32-bit modules return addresses as signed numbers.
 * @param {number} address
 */
export const pointer = (address) => (address < 0 ? address >>> 0 : address);

export class Binding {
  /**
   * @param {ModuleExports} exports
   * @param {WebAssembly.Memory} memory
   */
  constructor(exports, memory) {
    this.exports = exports;
    this.memory = memory;
  }

  /**
   * A view of linear memory. It becomes invalid when the memory grows.
   * @param {number} address
   * @param {number} length in bytes
   */
  bytes(address, length) {
    return new Uint8Array(this.memory.buffer, address, length);
  }

  /**
   * The text at an address.
   * @param {number} address
   * @param {number} length in bytes
   */
  text(address, length) {
    return decoder.decode(this.bytes(address, length).slice()); // decode() refuses views of shared memory
  }

  /** The error of the call that failed last. */
  error() {
    const at = pointer(this.exports.qn_last_error());
    const view = new DataView(this.memory.buffer, at);
    const offset = view.getBigUint64(8, true);
    return new QuernError(
      this.text(at + 16, view.getUint32(4, true)),
      view.getInt32(0, true),
      offset === NO_OFFSET ? null : Number(offset),
    );
  }

  /**
   * Returns a status or count; throws if it is negative.
   * @param {number} result
   */
  check(result) {
    if (result < 0) throw this.error();
    return Number(result);
  }

  /**
   * Returns an address; throws if it is null.
   * @param {number} address
   */
  handle(address) {
    if (!address) throw this.error();
    return pointer(address);
  }

  /**
   * Passes the address of a buffer to `use` and frees the buffer afterwards.
   * @template T
   * @param {number} length in bytes
   * @param {(address: number) => T} use
   */
  withBuffer(length, use) {
    const address = this.handle(this.exports.qn_alloc(length));
    try {
      return use(address);
    } finally {
      this.exports.qn_free(address);
    }
  }

  /**
   * Passes a copy of `bytes` in linear memory to `use` and frees it afterwards.
   * @template T
   * @param {Uint8Array} bytes
   * @param {(address: number, length: number) => T} use
   */
  withBytes(bytes, use) {
    return this.withBuffer(bytes.length, (address) => {
      this.bytes(address, bytes.length).set(bytes);
      return use(address, bytes.length);
    });
  }

  /**
   * A copy of what `fill` writes. `fill` returns the number of elements that it has in all; it is called again with a
   * larger buffer if they did not fit.
   * @param {number} capacity of the first buffer, in elements
   * @param {number} size of an element, in bytes
   * @param {(address: number, capacity: number) => number} fill
   */
  read(capacity, size, fill) {
    for (;;) {
      const result = this.withBuffer(capacity * size, (address) => {
        const count = this.check(fill(address, capacity));
        return count > capacity ? count : this.bytes(address, count * size).slice();
      });
      if (typeof result !== 'number') return result;
      capacity = result;
    }
  }

  /**
   * Like read(), for token ids.
   * @param {number} capacity
   * @param {(address: number, capacity: number) => number} fill
   */
  readTokens(capacity, fill) {
    return Array.from(new Int32Array(this.read(capacity, 4, fill).buffer));
  }

  /**
   * The fields of a struct that `fill` writes; null if `fill` returns a negative status.
   * @template T
   * @param {number} size of the struct, in bytes
   * @param {(address: number) => number} fill
   * @param {(view: DataView, word: (index: number) => number) => T} parse word(k) is the k-th 64-bit field
   */
  struct(size, fill, parse) {
    return this.withBuffer(size, (at) => {
      if (fill(at) < 0) return null;
      const view = new DataView(this.memory.buffer, at);
      return parse(view, (index) => Number(view.getBigUint64(8 * index, true)));
    });
  }
}
