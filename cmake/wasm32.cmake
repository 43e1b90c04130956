# Toolchain: clang for bare wasm32. Uses the wasi-sdk in WASI_SDK_PATH if set, otherwise clang-19 and lld-19.
set(CMAKE_SYSTEM_NAME Wasm)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
if(DEFINED ENV{WASI_SDK_PATH})
  set(CMAKE_C_COMPILER "$ENV{WASI_SDK_PATH}/bin/clang")
else()
  find_program(CMAKE_C_COMPILER NAMES clang-19 REQUIRED)
endif()
set(CMAKE_C_COMPILER_TARGET wasm32-unknown-unknown)
set(CMAKE_C_FLAGS_INIT "-ffreestanding -nostdlib")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# Code that runs rarely is built for size. cmake/Wasm.cmake builds the kernels for speed.
set(CMAKE_C_FLAGS_RELEASE_INIT "-Oz")
set(CMAKE_C_FLAGS_RELEASE "-Oz -DNDEBUG" CACHE STRING "")
