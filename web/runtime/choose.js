/* Chooses the build to run: the fastest that the host supports. */
import { isNode } from './node.js';

/** A module with one SIMD instruction: valid where SIMD is supported. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
]);
/** A module with one relaxed SIMD instruction: valid where relaxed SIMD is supported. */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253,
  128, 2, 26, 11,
]);
/** A module with a table and a memory with 64-bit addresses: valid where both are supported. */
const MEMORY64 = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 4, 4, 1, 112, 4, 0, 5, 3, 1, 4, 0]);

/** Bytes that a 32-bit module can use, less 64 MiB that fragmentation may waste. */
export const MAX_BYTES_32 = 2 ** 32 - 2 ** 26;
const MAX_THREADS = 8; // more seldom help: memory bandwidth is the limit

const HOST = isNode ? 'host' : 'browser';

/** Browsers ignore the headers for isolation on pages that are not secure. */
const isSecure = () => globalThis.isSecureContext !== false;
const canShareMemory = () => isNode || globalThis.crossOriginIsolated === true;

/**
 * @typedef {object} Choice
 * @property {string} file the module's file name
 * @property {string} name of the build: 'plain', 'relaxed', with the prefix '64-' and the suffix '-mt'
 * @property {number} threads
 * @property {string} reason why this build was chosen, in words
 * @property {string} advice what would make it faster; '' if nothing would
 */

/**
 * @param {object} [options]
 * @param {'plain' | 'relaxed'} [options.build] the fastest by default
 * @param {number} [options.threads] one for each processor by default, but at most 8
 * @param {number} [options.processors]
 * @param {boolean} [options.memory64] whether the model needs 64-bit addresses
 * @param {boolean} [options.canSpawn] whether threads can be started; true by default
 * @returns {Choice}
 */
export function chooseBuild({ build, threads, processors = 1, memory64 = false, canSpawn = true } = {}) {
  if (!WebAssembly.validate(SIMD))
    throw new Error(
      `this ${HOST} does not support WebAssembly SIMD: Chrome 108, Firefox 114, Safari 16.4 and Node 20 do, and later versions`,
    );
  const reasons = [];
  const advice = [];
  const supported = WebAssembly.validate(RELAXED);
  const relaxed = build !== 'plain' && supported;
  if (build === 'relaxed' && !supported) throw new Error(`this ${HOST} does not support relaxed SIMD`);
  if (memory64 && !WebAssembly.validate(MEMORY64))
    throw new Error(`the model needs more than 4 GiB, and this ${HOST} does not support 64-bit memory`);
  if (build === 'plain') reasons.push('the plain build was requested');
  else if (!relaxed) reasons.push(`this ${HOST} does not support relaxed SIMD`);
  let count = threads ?? Math.min(MAX_THREADS, processors);
  if (count > 1 && !canSpawn) {
    count = 1;
    reasons.push('one thread, because this kind of worker cannot start others');
  } else if (count > 1 && !canShareMemory()) {
    count = 1;
    reasons.push(
      `one thread, because ${isSecure() ? 'the page is not cross-origin isolated' : 'the page was not loaded over HTTPS'}`,
    );
    advice.push(
      `to use more threads, serve the page ${isSecure() ? '' : 'over HTTPS, or from localhost, '}with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp`,
    );
  }
  const threaded = count > 1 ? '-mt' : '';
  return {
    file: `quern${memory64 ? '64' : ''}-${relaxed ? 'relaxed' : 'simd128'}${threaded}.wasm`,
    name: `${memory64 ? '64-' : ''}${relaxed ? 'relaxed' : 'plain'}${threaded}`,
    threads: count,
    reason: reasons.join('; ') || `the fastest build that this ${HOST} supports`,
    advice: advice.join('; '),
  };
}
