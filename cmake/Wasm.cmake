# The Wasm module: quern.wasm. QUERN_RELAXED adds the relaxed SIMD kernels.
option(QUERN_RELAXED "Build with relaxed SIMD" OFF)

file(STRINGS platform/exports.txt exports)
list(TRANSFORM exports PREPEND "-Wl,--export=" OUTPUT_VARIABLE export_flags)

add_executable(quern ${QUERN_SOURCES} ${QUERN_KERNELS_SIMD128} platform/block_wasm.c platform/memory_wasm.c)
target_link_libraries(quern PRIVATE quern_flags)
target_compile_definitions(quern PRIVATE QUERN_KERNELS_SIMD128)
target_compile_options(quern PRIVATE -msimd128 -mbulk-memory)
set_source_files_properties(platform/memory_wasm.c PROPERTIES COMPILE_OPTIONS -fno-builtin)
if(QUERN_RELAXED)
  target_sources(quern PRIVATE ${QUERN_KERNELS_RELAXED})
  target_compile_definitions(quern PRIVATE QUERN_KERNELS_RELAXED)
  target_compile_options(quern PRIVATE -mrelaxed-simd)
endif()
target_link_options(quern PRIVATE -nostdlib -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=262144 -Wl,--gc-sections
  -Wl,--strip-all ${export_flags})
set_target_properties(quern PROPERTIES SUFFIX .wasm)
