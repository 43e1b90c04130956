# Compiler flags of every source file in the project.
add_library(quern_flags INTERFACE)
target_compile_options(quern_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wmissing-prototypes -Wvla -Werror
  -ffp-contract=off -fno-math-errno)
target_include_directories(quern_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)

option(QUERN_SANITIZE "ASan and UBSan in native builds" OFF)
if(QUERN_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

option(QUERN_COVERAGE "Line coverage of the fuzz seeds, for tests/fuzz/test_coverage.py (needs clang)" OFF)
if(QUERN_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
