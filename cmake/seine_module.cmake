# seine_module(NAME [DEPS module...] [LIBS target...] [ASIO] [ARITHMETIC])
#
# One folder of src/ becomes the static library seine_NAME. What a file is for follows from its suffix:
#   x_test.cc   one test binary for the module, seine_NAME_test (GoogleTest)
#   x_fuzz.cc   one fuzz target each, fuzz_NAME_x (only with SEINE_FUZZ)
#   x_bench.cc  one benchmark binary for the module, seine_NAME_bench (Google Benchmark)
#   x_avx2.cc, x_avx512vnni.cc, ...  compiled for that instruction set, called through a table at run time
#   x_main.cc   never part of the library
# DEPS are the modules this one may include: tools/check/architecture.py reads the same lines.
# ASIO: most units are coroutines, so the precompiled header has Asio too.
# ARITHMETIC: its tests compute for minutes without optimisation, so it is optimised under sanitizers too; and it takes the bytes of
# files for numbers, so that the alignment of what it reads is checked.
#
# A module's sources are compiled together, ten neighbours in a unit, and so are its tests, so that what they include is parsed and
# what they instantiate is made once: a third of the time. A name in an anonymous namespace is therefore the module's, and two files
# that need the same helper share it. SEINE_UNITY=OFF (the dev preset) compiles each file alone.

find_package(Threads REQUIRED)
if(SEINE_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SEINE_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()

option(SEINE_UNITY "Compile the sources of a folder together" ON)

set(SEINE_ISA_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
set(SEINE_ISA_FLAGS_avx512 ${SEINE_ISA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd)
set(SEINE_ISA_FLAGS_avx512vnni ${SEINE_ISA_FLAGS_avx512} -mavx512vnni)
set(SEINE_ISA_FLAGS_avx512bf16 ${SEINE_ISA_FLAGS_avx512vnni} -mavx512bf16)
set(SEINE_ISA_FLAGS_amx ${SEINE_ISA_FLAGS_avx512bf16} -mamx-tile -mamx-int8 -mamx-bf16)
set(SEINE_ISA_LEVEL -O3)
if(SEINE_SANITIZE)
  # Unrolled and checked, these few files cost minutes to compile. Their memory is watched; their sums are compared with the
  # plain reference, which is checked for undefined behaviour.
  set(SEINE_ISA_LEVEL -O1 -fno-sanitize=undefined)
endif()

# What is tested is optimised, the tests themselves are not: that halves the time to compile them. Nor do fuzz targets follow them.
set(SEINE_TEST_FLAGS -O0)
if(SEINE_FUZZ)
  list(APPEND SEINE_TEST_FLAGS -fno-sanitize=fuzzer-no-link)
endif()

function(seine_module name)
  cmake_parse_arguments(arg "ASIO;ARITHMETIC" "" "DEPS;LIBS" ${ARGN})
  set(pch core)
  if(arg_ASIO)
    set(pch net)
  endif()
  set(dir ${CMAKE_SOURCE_DIR}/src/${name})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench|main)\\.cc$")

  foreach(isa avx2 avx512 avx512vnni avx512bf16 amx)
    set(isa_sources ${sources})
    list(FILTER isa_sources INCLUDE REGEX "_${isa}\\.cc$")
    if(isa_sources)
      set_source_files_properties(${isa_sources} PROPERTIES
        COMPILE_OPTIONS "${SEINE_ISA_FLAGS_${isa}};${SEINE_ISA_LEVEL}"
        SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()

  list(TRANSFORM arg_DEPS PREPEND seine_ OUTPUT_VARIABLE dep_targets)
  if(sources)
    add_library(seine_${name} STATIC ${sources})
    target_include_directories(seine_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(seine_${name} PUBLIC ${dep_targets} ${arg_LIBS} Threads::Threads)
    if(SEINE_SANITIZE AND arg_ARITHMETIC)
      target_compile_options(seine_${name} PRIVATE -O1)
      if(SEINE_SANITIZE MATCHES "undefined")
        target_compile_options(seine_${name} PRIVATE -fsanitize=alignment)
      endif()
      target_precompile_headers(seine_${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/${pch}.h)  # its own, of the same level
    else()
      seine_use_pch(seine_${name} ${pch})
    endif()
    set_target_properties(seine_${name} PROPERTIES UNITY_BUILD ${SEINE_UNITY} UNITY_BUILD_BATCH_SIZE 10)
  else()
    add_library(seine_${name} INTERFACE)
    target_include_directories(seine_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(seine_${name} INTERFACE ${dep_targets} ${arg_LIBS} Threads::Threads)
  endif()

  if(SEINE_BUILD_TESTS AND tests)
    add_executable(seine_${name}_test ${tests})
    target_link_libraries(seine_${name}_test PRIVATE seine_${name} GTest::gmock GTest::gtest_main)
    target_compile_definitions(seine_${name}_test PRIVATE SEINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    seine_use_pch(seine_${name}_test ${pch}_test)
    set_target_properties(seine_${name}_test PROPERTIES UNITY_BUILD ${SEINE_UNITY} UNITY_BUILD_BATCH_SIZE 10)
    # A name of one test file may be local in the next.
    target_compile_options(seine_${name}_test PRIVATE ${SEINE_TEST_FLAGS} -Wno-shadow)
    add_test(NAME ${name} COMMAND seine_${name}_test)
    add_dependencies(seine_tests seine_${name}_test)
  endif()
  if(SEINE_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(stem ${file} NAME_WE)
      string(REGEX REPLACE "_fuzz$" "" stem ${stem})
      add_executable(fuzz_${name}_${stem} ${file})
      target_link_libraries(fuzz_${name}_${stem} PRIVATE seine_${name})
      seine_use_pch(fuzz_${name}_${stem} ${pch})
      target_link_options(fuzz_${name}_${stem} PRIVATE -fsanitize=fuzzer)
      add_dependencies(seine_tests fuzz_${name}_${stem})
    endforeach()
  endif()
  if(SEINE_BUILD_BENCH AND benches)
    add_executable(seine_${name}_bench ${benches})
    target_link_libraries(seine_${name}_bench PRIVATE seine_${name} benchmark::benchmark_main)
    target_compile_definitions(seine_${name}_bench PRIVATE SEINE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()
endfunction()

# Each header of cmake/pch is precompiled once per build tree and shared by every target that asks for it.
function(seine_use_pch target header)
  if(NOT TARGET seine_pch_${header})
    file(WRITE ${CMAKE_BINARY_DIR}/pch/${header}.cc "")
    add_library(seine_pch_${header} OBJECT ${CMAKE_BINARY_DIR}/pch/${header}.cc)
    # For their include folders and definitions, which must be those of the users.
    target_link_libraries(seine_pch_${header} PRIVATE fmt::fmt)
    if(header MATCHES "_test$")
      target_link_libraries(seine_pch_${header} PRIVATE GTest::gmock)
      target_compile_options(seine_pch_${header} PRIVATE ${SEINE_TEST_FLAGS})
    endif()
    target_precompile_headers(seine_pch_${header} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch/${header}.h)
  endif()
  target_precompile_headers(${target} REUSE_FROM seine_pch_${header})
  # CMake compiles executables with -fPIE, the header is built with -fPIC, and clang wants them equal.
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()
