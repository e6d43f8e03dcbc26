# Compiler, warnings, sanitizers and the linker, the same for every target.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# gcc 12 and 13 destroy braced temporaries in co_await expressions twice.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "gcc ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines; "
                      "use clang-19 (the presets do) or gcc 14 or newer")
endif()

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# -g1: line tables only, enough for a stack trace and a third of the link time of full -g.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
# -O0: to compile is most of what a sanitized run takes, and -O1 takes twice as long.
set(CMAKE_CXX_FLAGS_SANITIZE "-O0 -g1")
set(CMAKE_C_FLAGS_SANITIZE "-O0 -g1")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wimplicit-fallthrough -Wundef -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # SEINE_TRY is a GNU statement expression, which both supported compilers implement.
  add_compile_options(-Wno-gnu-statement-expression -Wno-gnu-statement-expression-from-macro-expansion)
endif()

find_program(SEINE_LLD NAMES ld.lld-19 ld.lld)
if(SEINE_LLD)
  add_link_options(-fuse-ld=${SEINE_LLD})
endif()
add_link_options(-Wl,--as-needed)

set(SEINE_SANITIZE "" CACHE STRING "Comma-separated sanitizers, for example address,undefined")
if(SEINE_SANITIZE)
  add_compile_options(-fsanitize=${SEINE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SEINE_SANITIZE})
  if(SEINE_SANITIZE MATCHES "address" AND SEINE_SANITIZE MATCHES "undefined")
    # What these find the address sanitizer stops too, at the access itself; they are a large part of what there is to compile.
    # The alignment of every access alone is a fifth of it: seine_module() checks it where bytes are taken for numbers.
    add_compile_options(-fno-sanitize=null,vptr,object-size,alignment)
  endif()
endif()
if(SEINE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "fuzz targets need clang's libFuzzer")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)  # but not the tests: seine_module()
endif()

find_program(SEINE_CCACHE ccache)
if(SEINE_CCACHE)
  # The launcher sets what a shared precompiled header needs; the paths are made relative so that clones share hits. What a unit
  # includes is taken from the compiler's own list (CCACHE_DEPEND): to preprocess it for the cache's key took a tenth of a cold
  # build. A unit that takes bytes in by .incbin must therefore have their hash in its text, as those of the console and docs do.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${SEINE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()
