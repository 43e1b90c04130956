/* Which module a host should run, and why: the fastest that it can. */
import { isNode } from './node.js';

/* A function of one relaxed instruction: valid where relaxed SIMD is known. */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253,
  128, 2, 26, 11,
]);
/* A table and a memory with 64-bit addresses. */
const WIDE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 4, 4, 1, 112, 4, 0, 5, 3, 1, 4, 0]);

/* What a 32-bit module can hold, less some room for blocks that do not fit a gap. */
export const NARROW_BYTES = 2 ** 32 - 2 ** 26;
const MOST_THREADS = 8; /* more seldom help: memory is the limit */

const HERE = isNode ? 'host' : 'browser';

const mayShare = () => isNode || globalThis.crossOriginIsolated === true;

/* {file, name, threads, reason, advice}: the module's file name, what it is, and in words why it was taken, and what would make
 * it faster (or ''). */
export function chooseModule({ build, threads, processors = 1, wide = false } = {}) {
  const reasons = [];
  const advice = [];
  const relaxed = build !== 'plain' && WebAssembly.validate(RELAXED);
  if (build === 'relaxed' && !relaxed) throw new Error(`this ${HERE} does not know relaxed SIMD`);
  if (wide && !WebAssembly.validate(WIDE))
    throw new Error(`the model takes more than 4 GiB, and this ${HERE} has no 64-bit memory`);
  if (build === 'plain') reasons.push('the plain build was asked for');
  else if (!relaxed) reasons.push(`this ${HERE} does not know relaxed SIMD`);
  let count = threads ?? Math.min(MOST_THREADS, processors);
  if (count > 1 && !mayShare()) {
    count = 1;
    reasons.push('one thread, as the page is not cross-origin isolated');
    advice.push(
      'serve the page with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp for more threads',
    );
  }
  return {
    file: `quern${wide ? '64' : ''}-${relaxed ? 'relaxed' : 'simd128'}${count > 1 ? '-mt' : ''}.wasm`,
    name: `${wide ? '64-' : ''}${relaxed ? 'relaxed' : 'plain'}${count > 1 ? '-mt' : ''}`,
    threads: count,
    reason: reasons.join('; ') || `the fastest that this ${HERE} can run`,
    advice: advice.join('; '),
  };
}
