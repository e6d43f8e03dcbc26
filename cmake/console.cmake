# The web console: built with Node at build time, compressed, and embedded as the library seine_console_assets
# (header console/assets.h). Without Node or the packages the stub page is embedded instead, and said so.
#
# Node itself: Vite 8 wants 20.19 or newer. Where the machine's is older (Debian 12: 18), the npm package `node` brings
# its own. Written to: console/node_modules and the build folder, nothing else.

option(SEINE_CONSOLE "Build the web console; OFF embeds the stub page" ON)

find_program(SEINE_NODE node)
find_program(SEINE_NPM npm)
find_program(SEINE_NPX npx)

# What runs a command under a Node that is new enough: nothing, or npx with the package. Unset: there is none.
function(seine_console_runner out)
  set(${out} "NOTFOUND" PARENT_SCOPE)
  if(NOT SEINE_CONSOLE)
    message(STATUS "console: the stub page, as SEINE_CONSOLE=OFF asks")
    return()
  endif()
  if(NOT SEINE_NODE OR NOT SEINE_NPM)
    message(STATUS "console: the stub page, since there is no Node.js with npm (apt-get install nodejs npm)")
    return()
  endif()
  execute_process(COMMAND ${SEINE_NODE} --version OUTPUT_VARIABLE version
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REGEX REPLACE "^v" "" version "${version}")
  # Vite's own words: ^20.19.0 || >=22.12.0
  if(version VERSION_GREATER_EQUAL 22.12 OR (version VERSION_GREATER_EQUAL 20.19 AND version VERSION_LESS 21))
    message(STATUS "console: built with Node ${version}")
    set(${out} "" PARENT_SCOPE)
  elseif(SEINE_NPX)
    message(STATUS "console: Node ${version} is older than 20.19, built with the npm package node@22")
    set(${out} "${SEINE_NPX};--yes;--package=node@22;--" PARENT_SCOPE)
  else()
    message(STATUS "console: the stub page, since Node ${version} is older than 20.19 and there is no npx")
  endif()
endfunction()

seine_console_runner(SEINE_CONSOLE_RUNNER)

set(console_source ${CMAKE_SOURCE_DIR}/console)
set(console_build ${CMAKE_BINARY_DIR}/console)
file(GLOB_RECURSE console_inputs CONFIGURE_DEPENDS ${console_source}/src/* ${console_source}/stub/*)
list(APPEND console_inputs
  ${console_source}/index.html ${console_source}/package.json ${console_source}/package-lock.json
  ${console_source}/tsconfig.json ${console_source}/vite.config.ts ${console_source}/tools/compress.mjs
  ${CMAKE_SOURCE_DIR}/cmake/console_build.cmake ${CMAKE_SOURCE_DIR}/cmake/console_embed.cmake)

# built.stamp stays away when npm was out of reach and the stub went in: then every build tries again.
add_custom_command(
  OUTPUT ${console_build}/assets.cc ${console_build}/built.stamp
  COMMAND ${CMAKE_COMMAND} -D "RUNNER=${SEINE_CONSOLE_RUNNER}" -D "SOURCE=${console_source}" -D "BUILD=${console_build}"
          -P ${CMAKE_SOURCE_DIR}/cmake/console_build.cmake
  DEPENDS ${console_inputs}
  COMMENT "Building the web console"
  VERBATIM)

add_library(seine_console_assets STATIC ${console_build}/assets.cc)
target_include_directories(seine_console_assets PUBLIC ${CMAKE_SOURCE_DIR})

if(SEINE_BUILD_TESTS)
  find_package(GTest REQUIRED)
  add_executable(seine_console_assets_test ${console_source}/assets_test.cc)
  target_link_libraries(seine_console_assets_test PRIVATE seine_console_assets GTest::gtest_main)
  add_test(NAME console_assets COMMAND seine_console_assets_test)
  add_dependencies(seine_tests seine_console_assets_test)
endif()
