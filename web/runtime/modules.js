/* The addresses of the modules. Each is spelled out as a literal: bundlers find the files that way and copy them. */

/** @type {Record<string, URL>} */
const MODULES = {
  'quern-simd128.wasm': new URL('../wasm/quern-simd128.wasm', import.meta.url),
  'quern-simd128-mt.wasm': new URL('../wasm/quern-simd128-mt.wasm', import.meta.url),
  'quern-relaxed.wasm': new URL('../wasm/quern-relaxed.wasm', import.meta.url),
  'quern-relaxed-mt.wasm': new URL('../wasm/quern-relaxed-mt.wasm', import.meta.url),
  'quern64-simd128.wasm': new URL('../wasm/quern64-simd128.wasm', import.meta.url),
  'quern64-simd128-mt.wasm': new URL('../wasm/quern64-simd128-mt.wasm', import.meta.url),
  'quern64-relaxed.wasm': new URL('../wasm/quern64-relaxed.wasm', import.meta.url),
  'quern64-relaxed-mt.wasm': new URL('../wasm/quern64-relaxed-mt.wasm', import.meta.url),
};

/**
 * The address of a module.
 * @param {string} file its name
 * @param {string} [folder] the address of another folder with the modules, ending in a slash
 */
export const moduleUrl = (file, folder) => (folder ? folder + file : MODULES[file].href);
