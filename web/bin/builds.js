/* Which module to take: the fastest that this Node can run and that has been built. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/* A function of one relaxed instruction: valid where relaxed SIMD is known. */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253,
  128, 2, 26, 11,
]);

/* A table and a memory with 64-bit addresses. */
const WIDE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 4, 4, 1, 112, 4, 0, 5, 3, 1, 4, 0]);

/* What a 32-bit module can hold, less some room for blocks that do not fit a gap. */
export const NARROW_BYTES = 2 ** 32 - 2 ** 26;

const root = fileURLToPath(new URL('../../', import.meta.url));
const packaged = fileURLToPath(new URL('../wasm', import.meta.url));

/* As a checkout builds it, or as the published package has it. */
export function path(relaxed, threads, wide = false) {
  const name = `${relaxed ? 'relaxed' : 'simd128'}${threads ? '-mt' : ''}`;
  const built = `${root}build/wasm${wide ? 64 : 32}-${name}/quern.wasm`;
  const copy = `${packaged}/quern${wide ? '64' : ''}-${name}.wasm`;
  return !existsSync(built) && existsSync(copy) ? copy : built;
}

export const knowsRelaxed = () => WebAssembly.validate(RELAXED);

/* Node 24 does. Node 20 has 64-bit addresses behind a flag, but no more than 4 GiB. */
export const knowsWide = () => WebAssembly.validate(WIDE);

/* The flag that Node needs to know relaxed SIMD, null when none is needed or none helps. */
export function relaxedFlag() {
  const version = Number(process.versions.node.split('.')[0]);
  return !knowsRelaxed() && version < 21 && existsSync(path(true, false)) ? '--experimental-wasm-relaxed-simd' : null;
}

export const buildName = (relaxed, threads, wide = false) =>
  `${relaxed ? 'relaxed' : 'plain'}${threads > 1 ? ', threads' : ''}${wide ? ', 64 bits' : ''}`;

/* {path, wasm, name}; build: plain, relaxed or undefined for the fastest. wide: with 64-bit addresses. */
export function chooseBuild(build, threads, wide = false) {
  const many = threads > 1;
  const relaxed = build === 'relaxed' || (build !== 'plain' && knowsRelaxed() && existsSync(path(true, many, wide)));
  if (relaxed && !knowsRelaxed()) throw new Error('this Node does not know relaxed SIMD; take --build plain');
  const file = path(relaxed, many, wide);
  if (!existsSync(file)) throw new Error(`${file} has not been built; make builds it`);
  return { path: file, wasm: readFileSync(file), name: buildName(relaxed, threads, wide) };
}

/* Puts what has been built in this checkout where the package expects its modules; the published package has them there. */
export function placeModules() {
  const time = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const wide of [false, true]) {
    for (const name of ['simd128', 'relaxed', 'simd128-mt', 'relaxed-mt']) {
      const built = path(name.startsWith('relaxed'), name.endsWith('-mt'), wide);
      const copy = `${packaged}/quern${wide ? '64' : ''}-${name}.wasm`;
      if (time(built) <= time(copy)) continue;
      mkdirSync(packaged, { recursive: true });
      copyFileSync(built, copy);
    }
  }
}
