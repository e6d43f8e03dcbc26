# cmake -D RUNNER=… -D SOURCE=console -D BUILD=… -P console_build.cmake
#
# One run of the console's build: install packages if package-lock.json changed, build, compress, write BUILD/assets.cc.
# RUNNER is the list of words that runs a command under a new enough Node, or NOTFOUND for the stub. Packages that
# cannot be had lead to the stub; a console that does not compile fails the build.

cmake_minimum_required(VERSION 3.25)
set(dist ${BUILD}/dist)
set(modules ${SOURCE}/node_modules)
set(built FALSE)
file(MAKE_DIRECTORY ${BUILD})
file(REMOVE ${BUILD}/built.stamp)

# The hash of the lock file that node_modules was installed from lies inside it, so it vanishes with it.
function(install_packages out)
  if(RUNNER)
    execute_process(COMMAND ${RUNNER} node --version
                    RESULT_VARIABLE result OUTPUT_VARIABLE log ERROR_VARIABLE log TIMEOUT 300)
    if(NOT result EQUAL 0)
      file(WRITE ${BUILD}/npm.log "${log}")
      set(${out} FALSE PARENT_SCOPE)
      return()
    endif()
  endif()
  file(SHA256 ${SOURCE}/package-lock.json wanted)
  set(installed "")
  if(EXISTS ${modules}/.seine-lock)
    file(READ ${modules}/.seine-lock installed)
  endif()
  if(installed STREQUAL wanted)
    set(${out} TRUE PARENT_SCOPE)
    return()
  endif()
  message(STATUS "console: npm ci")
  execute_process(
    COMMAND ${RUNNER} npm ci --no-audit --no-fund --prefer-offline --fetch-retries=2 --fetch-retry-mintimeout=1000
            --fetch-retry-maxtimeout=5000
    WORKING_DIRECTORY ${SOURCE} RESULT_VARIABLE result OUTPUT_VARIABLE log ERROR_VARIABLE log TIMEOUT 600)
  if(NOT result EQUAL 0)
    if(log MATCHES "npm error code EUSAGE")
      message(FATAL_ERROR "console: package.json and package-lock.json disagree; npm install mends it:\n${log}")
    endif()
    file(WRITE ${BUILD}/npm.log "${log}")
    set(${out} FALSE PARENT_SCOPE)
    return()
  endif()
  file(WRITE ${modules}/.seine-lock ${wanted})
  set(${out} TRUE PARENT_SCOPE)
endfunction()

function(run_or_stop)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${SOURCE}
                  RESULT_VARIABLE result OUTPUT_VARIABLE log ERROR_VARIABLE log TIMEOUT 600)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "console: ${ARGN} failed (${result}):\n${log}")
  endif()
endfunction()

if(NOT RUNNER STREQUAL "NOTFOUND")
  install_packages(installed)
  if(installed)
    set(ENV{SEINE_CONSOLE_DIST} ${dist})
    run_or_stop(${RUNNER} node node_modules/vite/bin/vite.js build --logLevel warn)
    run_or_stop(${RUNNER} node tools/compress.mjs ${dist})
    set(built TRUE)
  else()
    message(WARNING "The console's npm packages could not be installed, so the stub page is embedded; the next build "
                    "tries again. npm's words are in ${BUILD}/npm.log; cmake -D SEINE_CONSOLE=OFF stops the trying.")
  endif()
endif()

if(NOT built)
  file(REMOVE_RECURSE ${dist})
  file(COPY ${SOURCE}/stub/ DESTINATION ${dist})
endif()
include(${CMAKE_CURRENT_LIST_DIR}/console_embed.cmake)
seine_console_embed(${dist} ${built} ${BUILD}/assets.cc)
if(built OR RUNNER STREQUAL "NOTFOUND")
  file(TOUCH ${BUILD}/built.stamp)
endif()
