/* The shared memory of a threaded module. */

/** @import { MemoryLimits } from './module-binary.js' */

const SMALLER = 0.75; // the next maximum, when a host refuses one

/**
 * A shared memory that satisfies an import. Some hosts reserve the whole maximum at once and refuse a large one;
 * smaller maximums are tried then. Throws a RangeError if even `leastPages` is refused.
 * @param {Omit<MemoryLimits, 'shared'>} limits
 * @param {number} [leastPages] of 64 KiB; at least the initial size
 */
export function sharedMemory({ initial, maximum = initial, memory64 }, leastPages = initial) {
  const least = Math.max(initial, leastPages);
  for (let pages = Math.max(maximum, least); ; ) {
    try {
      /* TypeScript does not know 64-bit memories yet. */
      const descriptor = memory64
        ? { initial: BigInt(initial), maximum: BigInt(pages), shared: true, address: 'i64' }
        : { initial, maximum: pages, shared: true };
      return new WebAssembly.Memory(/** @type {WebAssembly.MemoryDescriptor} */ (descriptor));
    } catch (error) {
      if (pages <= least || !(error instanceof RangeError)) throw error;
      pages = Math.max(least, Math.floor(pages * SMALLER));
    }
  }
}
