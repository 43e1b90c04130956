/* The addresses of the modules, each spelled out: that is how bundlers find them and bring them along. */
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

/* folder: where they are instead; its address, ending in a slash. */
export const addressOf = (file, folder) => (folder ? folder + file : MODULES[file].href);
