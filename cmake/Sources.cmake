# The engine's sources by folder: a new file in one of them is picked up by the next build.
file(GLOB QUERN_PLATFORM CONFIGURE_DEPENDS platform/error.c platform/arena.c platform/math.c
  platform/self_check.c)
file(GLOB QUERN_GGUF CONFIGURE_DEPENDS gguf/*.c)
file(GLOB QUERN_QUANT CONFIGURE_DEPENDS quant/*.c)
file(GLOB QUERN_KERNELS CONFIGURE_DEPENDS kernels/*.c)
file(GLOB QUERN_KERNELS_SCALAR CONFIGURE_DEPENDS kernels/scalar/*.c)
file(GLOB QUERN_KERNELS_SIMD128 CONFIGURE_DEPENDS kernels/simd128/*.c)
file(GLOB QUERN_KERNELS_RELAXED CONFIGURE_DEPENDS kernels/relaxed/*.c)
file(GLOB QUERN_ENGINE CONFIGURE_DEPENDS engine/*/*.c engine/text/*/*.c)
list(FILTER QUERN_ENGINE EXCLUDE REGEX "/engine/pool/") # single.c or threads.c, one of them
set(QUERN_SOURCES ${QUERN_PLATFORM} ${QUERN_GGUF} ${QUERN_QUANT} ${QUERN_KERNELS} ${QUERN_KERNELS_SCALAR} ${QUERN_ENGINE})
set(QUERN_NATIVE ${QUERN_SOURCES} ${CMAKE_SOURCE_DIR}/engine/pool/single.c ${CMAKE_SOURCE_DIR}/platform/block_native.c)
# Those that differ between sets of kernels; all others are compiled once for every library.
set(QUERN_OF_A_SET ${QUERN_NATIVE})
list(FILTER QUERN_OF_A_SET INCLUDE REGEX "/(engine/model/module|kernels/kernels)\\.c$")

# quern_library(<target> scalar|simd128): a native library whose kernels are of that set.
function(quern_library target set)
  if(NOT TARGET quern_of_any_set)
    set(others ${QUERN_NATIVE})
    list(REMOVE_ITEM others ${QUERN_OF_A_SET})
    add_library(quern_of_any_set OBJECT ${others})
    target_link_libraries(quern_of_any_set PRIVATE quern_flags)
  endif()
  add_library(${target} STATIC ${QUERN_OF_A_SET} $<TARGET_OBJECTS:quern_of_any_set>)
  target_link_libraries(${target} PUBLIC quern_flags m) # floor and sqrt, where they are no instructions
  if(set STREQUAL "simd128")
    target_sources(${target} PRIVATE ${QUERN_KERNELS_SIMD128})
    target_compile_definitions(${target} PUBLIC QUERN_KERNELS_SIMD128)
  endif()
endfunction()
