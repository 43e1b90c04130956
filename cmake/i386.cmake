# Toolchain: clang for 32-bit x86 with SSE2. The C library and cmocka are Debian packages, which tools/setup.sh unpacks into
# QUERN_SYSROOT. SSE2 is required: x87 registers would round differently.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES QUERN_SYSROOT)
set(CMAKE_SYSROOT ${QUERN_SYSROOT})
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_C_COMPILER_TARGET i686-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_C_FLAGS_INIT "-msse2 -mfpmath=sse")
set(libraries ${QUERN_SYSROOT}/lib/i386-linux-gnu:${QUERN_SYSROOT}/usr/lib/i386-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "-fuse-ld=lld -Wl,--dynamic-linker=${QUERN_SYSROOT}/lib/ld-linux.so.2,-rpath,${libraries}")
