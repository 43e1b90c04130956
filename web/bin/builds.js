/* Chooses the module to run: the fastest one that has been built and that this Node supports. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/* A module with one relaxed instruction: valid where relaxed SIMD is supported. */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 16, 1, 14, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253,
  128, 2, 26, 11,
]);

/* A module with a table and a memory of 64-bit addresses. */
const MEMORY64 = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 4, 4, 1, 112, 4, 0, 5, 3, 1, 4, 0]);

/* Bytes that a 32-bit module can hold, with a margin for fragmentation. */
export const MAX_BYTES_32 = 2 ** 32 - 2 ** 26;

const root = fileURLToPath(new URL('../../', import.meta.url));
const packaged = fileURLToPath(new URL('../wasm', import.meta.url));

/* The module's path: in the build folder of a checkout, or in the published package. bits: 32 or 64. */
export function path(relaxed, threads, bits = 32) {
  const name = `${relaxed ? 'relaxed' : 'simd128'}${threads ? '-mt' : ''}`;
  const built = `${root}build/wasm${bits}-${name}/quern.wasm`;
  const copy = `${packaged}/quern${bits === 64 ? '64' : ''}-${name}.wasm`;
  return !existsSync(built) && existsSync(copy) ? copy : built;
}

export const supportsRelaxed = () => WebAssembly.validate(RELAXED);

/* Needs Node 24. Node 20 has 64-bit addresses behind a flag, but limits memory to 4 GiB. */
export const supports64Bits = () => WebAssembly.validate(MEMORY64);

/* The flag that enables relaxed SIMD in Node 20; null if it is not needed or does not exist. */
export function relaxedFlag() {
  const version = Number(process.versions.node.split('.')[0]);
  return !supportsRelaxed() && version < 21 && existsSync(path(true, false))
    ? '--experimental-wasm-relaxed-simd'
    : null;
}

/* Enables relaxed SIMD in Node 20, in this process: a child process with the flag could outlive this one. Call it
 * before the first module is compiled. build: plain, relaxed, or undefined for the fastest. */
export function enableRelaxed(build) {
  const flag = build === 'plain' ? null : relaxedFlag();
  if (flag) setFlagsFromString(flag);
}

export const buildName = (relaxed, threads, bits = 32) =>
  `${relaxed ? 'relaxed' : 'plain'}${threads > 1 ? ', threads' : ''}${bits === 64 ? ', 64 bits' : ''}`;

/* Returns {path, wasm, name}. build: plain, relaxed, or undefined for the fastest. bits: 32 or 64, of addresses. */
export function chooseBuild(build, threads, bits = 32) {
  const many = threads > 1;
  const relaxed = build === 'relaxed' || (build !== 'plain' && supportsRelaxed() && existsSync(path(true, many, bits)));
  if (relaxed && !supportsRelaxed())
    throw new Error('this version of Node does not support relaxed SIMD; use --build plain');
  const file = path(relaxed, many, bits);
  if (!existsSync(file)) throw new Error(`${file} is missing; run make to build it`);
  return { path: file, wasm: readFileSync(file), name: buildName(relaxed, threads, bits) };
}

/* Copies the modules built in this checkout to where the package expects them. */
export function placeModules() {
  const time = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const bits of [32, 64]) {
    for (const name of ['simd128', 'relaxed', 'simd128-mt', 'relaxed-mt']) {
      const built = path(name.startsWith('relaxed'), name.endsWith('-mt'), bits);
      const copy = `${packaged}/quern${bits === 64 ? '64' : ''}-${name}.wasm`;
      if (time(built) <= time(copy)) continue;
      mkdirSync(packaged, { recursive: true });
      copyFileSync(built, copy);
    }
  }
}
