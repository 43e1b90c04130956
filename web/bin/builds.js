/* Which module to take: the fastest that this Node can run and that has been built. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/* A function of one relaxed instruction: valid where relaxed SIMD is known. */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2,
  26, 11,
]);

const root = fileURLToPath(new URL('../../', import.meta.url));
export const path = (relaxed, threads) =>
  `${root}build/wasm32-${relaxed ? 'relaxed' : 'simd128'}${threads ? '-mt' : ''}/quern.wasm`;

export const knowsRelaxed = () => WebAssembly.validate(RELAXED);

/* The flag that Node needs to know relaxed SIMD, null when none is needed or none helps. */
export function relaxedFlag() {
  const version = Number(process.versions.node.split('.')[0]);
  return !knowsRelaxed() && version < 21 && existsSync(path(true, false)) ? '--experimental-wasm-relaxed-simd' : null;
}

export const buildName = (relaxed, threads) => `${relaxed ? 'relaxed' : 'plain'}${threads > 1 ? ', threads' : ''}`;

/* {path, wasm, name}; build: plain, relaxed or undefined for the fastest. */
export function chooseBuild(build, threads) {
  const many = threads > 1;
  const relaxed = build === 'relaxed' || (build !== 'plain' && knowsRelaxed() && existsSync(path(true, many)));
  if (relaxed && !knowsRelaxed()) throw new Error('this Node does not know relaxed SIMD; take --build plain');
  const file = path(relaxed, many);
  if (!existsSync(file)) throw new Error(`${file} has not been built; make builds it`);
  return { path: file, wasm: readFileSync(file), name: buildName(relaxed, threads) };
}
