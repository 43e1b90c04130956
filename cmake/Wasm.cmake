# The Wasm module: quern.wasm. QUERN_RELAXED adds the relaxed SIMD kernels, QUERN_THREADS shared memory and the pool.
option(QUERN_RELAXED "Build with relaxed SIMD" OFF)
option(QUERN_THREADS "Build for several threads over a shared memory" OFF)
option(QUERN_NAMES "Keep the names of functions, for profiles" OFF)

file(STRINGS platform/exports.txt exports)
list(TRANSFORM exports PREPEND "-Wl,--export=" OUTPUT_VARIABLE export_flags)

# What the module has in common with the check and the benchmark of its kernels, compiled once for all, and its flags.
add_library(quern_kernels OBJECT ${QUERN_KERNELS} ${QUERN_KERNELS_SCALAR} ${QUERN_KERNELS_SIMD128} ${QUERN_QUANT} platform/memory_wasm.c)
target_link_libraries(quern_kernels PUBLIC quern_flags)
target_compile_definitions(quern_kernels PUBLIC QUERN_KERNELS_SIMD128)
target_compile_options(quern_kernels PUBLIC -msimd128 -mbulk-memory)
set_source_files_properties(platform/memory_wasm.c PROPERTIES COMPILE_OPTIONS -fno-builtin)
# The loops that take most of the time. The SLP vectorizer would undo their hand-written vectors.
foreach(hot f16_scales gemm_i16 gemm_tile kernels_kquant kernels_legacy kernels_quad panel_signed types_fp4
        types_grid types_iq4 types_low_bit)
  set_source_files_properties(kernels/simd128/${hot}.c PROPERTIES COMPILE_OPTIONS "-O3;-fno-slp-vectorize")
endforeach()
set_source_files_properties(kernels/simd128/attention.c kernels/simd128/kernels_signed.c PROPERTIES COMPILE_OPTIONS -O2) # as fast as -O3, and smaller
set_source_files_properties(${QUERN_KERNELS_RELAXED} PROPERTIES COMPILE_OPTIONS "-O3;-fno-slp-vectorize")
if(QUERN_RELAXED)
  target_sources(quern_kernels PRIVATE ${QUERN_KERNELS_RELAXED})
  target_compile_definitions(quern_kernels PUBLIC QUERN_KERNELS_RELAXED)
  target_compile_options(quern_kernels PUBLIC -mrelaxed-simd)
endif()

if(QUERN_THREADS)
  set(pool engine/pool/threads.c)
else()
  set(pool engine/pool/single.c)
endif()
add_executable(quern ${QUERN_PLATFORM} ${QUERN_GGUF} ${QUERN_ENGINE} ${pool} platform/block_wasm.c)
target_link_libraries(quern PRIVATE quern_kernels)
if(QUERN_THREADS)
  target_compile_definitions(quern PRIVATE QUERN_THREADS)
  target_compile_options(quern_kernels PUBLIC -matomics)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "wasm64")
    set(most 17179869184) # 16 GiB, what browsers allow
  else()
    set(most 4294967296)
  endif()
  target_link_options(quern PRIVATE -Wl,--shared-memory -Wl,--import-memory -Wl,--max-memory=${most})
endif()
target_link_options(quern PRIVATE -nostdlib -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=262144 -Wl,--gc-sections -Wl,-O2
  ${export_flags})
if(NOT QUERN_NAMES)
  target_link_options(quern PRIVATE -Wl,--strip-all -Wl,--compress-relocations)
endif()
set_target_properties(quern PROPERTIES SUFFIX .wasm)

# The kernel check, a module without imports that has all variants of this build; and the same with a planted fault.
# tests/kernels/run_node.mjs and run_wasmtime.py run them.
if(NOT QUERN_THREADS)
  file(GLOB check CONFIGURE_DEPENDS tests/kernels/check*.c)
  foreach(name f16_scales fill report guarded_memory_wasm fault module)
    list(APPEND check tests/kernels/${name}.c)
  endforeach()
  foreach(target kernel_check kernel_check_fault)
    add_executable(${target} ${check})
    target_link_libraries(${target} PRIVATE quern_kernels)
    target_link_options(${target} PRIVATE -nostdlib -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=262144
      -Wl,--gc-sections)
    set_target_properties(${target} PROPERTIES SUFFIX .wasm)
  endforeach()
  target_compile_definitions(kernel_check_fault PRIVATE QUERN_PLANTED_FAULT)
endif()

# The kernels' benchmark, run by bench/kernels/run.js: built when asked for.
if(NOT QUERN_THREADS)
  add_executable(kernel_bench EXCLUDE_FROM_ALL bench/kernels/bench.c bench/kernels/vectors.c)
  target_link_libraries(kernel_bench PRIVATE quern_kernels)
  target_link_options(kernel_bench PRIVATE -nostdlib -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=262144
    -Wl,--gc-sections)
  set_target_properties(kernel_bench PROPERTIES SUFFIX .wasm)
endif()
