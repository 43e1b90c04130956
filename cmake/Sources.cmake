# The engine's sources by folder: a new file in one of them is picked up by the next build.
file(GLOB QUERN_PLATFORM CONFIGURE_DEPENDS platform/error.c platform/arena.c platform/math.c)
file(GLOB QUERN_GGUF CONFIGURE_DEPENDS gguf/*.c)
file(GLOB QUERN_QUANT CONFIGURE_DEPENDS quant/*.c)
file(GLOB QUERN_KERNELS CONFIGURE_DEPENDS kernels/*.c)
file(GLOB QUERN_KERNELS_SCALAR CONFIGURE_DEPENDS kernels/scalar/*.c)
file(GLOB QUERN_KERNELS_SIMD128 CONFIGURE_DEPENDS kernels/simd128/*.c)
file(GLOB QUERN_KERNELS_RELAXED CONFIGURE_DEPENDS kernels/relaxed/*.c)
file(GLOB QUERN_ENGINE CONFIGURE_DEPENDS engine/*.c engine/text/*.c)
set(QUERN_SOURCES ${QUERN_PLATFORM} ${QUERN_GGUF} ${QUERN_QUANT} ${QUERN_KERNELS} ${QUERN_KERNELS_SCALAR} ${QUERN_ENGINE})

# quern_library(<target> scalar|simd128): a native library whose kernels are of that set.
function(quern_library target set)
  add_library(${target} STATIC ${QUERN_SOURCES} engine/single/pool.c platform/block_native.c)
  target_link_libraries(${target} PUBLIC quern_flags m) # floor and sqrt, where they are no instructions
  if(set STREQUAL "simd128")
    target_sources(${target} PRIVATE ${QUERN_KERNELS_SIMD128})
    target_compile_definitions(${target} PUBLIC QUERN_KERNELS_SIMD128)
  endif()
endfunction()
