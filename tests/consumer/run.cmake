# Builds tests/consumer/project as a stranger would and checks what its programs print:
#   cmake -D BY=<way> -D SOURCE_DIR=<repository> -D PREFIX=<installed> -D WORK_DIR=<scratch>
#         -D COMPILER=<c++> [-D LAUNCHER=ccache] [-D WITH_EIGEN=ON] [-D COMPONENTS=cuda]
#         [-D REFUSED="sentence" with -D FLAGS=...] -P run.cmake
# BY: find_package, add_subdirectory, fetch_content or pkg_config; `install` fills PREFIX from
# -D BUILD_DIR=<build tree>. With REFUSED the configuration has
# to fail and to say that sentence. COMPONENTS=cuda is skipped where there is no toolkit.
cmake_minimum_required(VERSION 3.25)
set(no_toolkit "component cuda needs the CUDA toolkit, which was not found")
set(expected "scale 0.5 codes 7 -3 0 2 error 0.03\n")
set(project ${CMAKE_CURRENT_LIST_DIR}/project)
if(BY STREQUAL "install")
  file(REMOVE_RECURSE ${PREFIX})
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${PREFIX}
                  COMMAND_ERROR_IS_FATAL ANY)
  return()
endif()
file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${WORK_DIR})

# Runs a command; stops with its output unless it succeeds.
function(run_or_stop)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
endfunction()

function(check_output program)
  execute_process(COMMAND ${program} RESULT_VARIABLE status OUTPUT_VARIABLE output)
  if(NOT status EQUAL 0 OR NOT output STREQUAL expected)
    message(FATAL_ERROR "${program} ended with ${status} and printed \"${output}\"; expected \"${expected}\"")
  endif()
endfunction()

if(BY STREQUAL "pkg_config")
  find_program(PKG_CONFIG NAMES pkgconf pkg-config)
  if(NOT PKG_CONFIG)
    message("skipped: there is no pkg-config")
    return()
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${PREFIX}/share/pkgconfig
                          ${PKG_CONFIG} --cflags "roste >= 0.1"
                  RESULT_VARIABLE status OUTPUT_VARIABLE flags ERROR_VARIABLE errors)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "pkg-config: ${errors}")
  endif()
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run_or_stop(${LAUNCHER} ${COMPILER} -std=c++20 ${flags} -c ${project}/main.cpp -o ${WORK_DIR}/main.o)
  run_or_stop(${LAUNCHER} ${COMPILER} -std=c++20 ${flags} -c ${project}/second.cpp -o ${WORK_DIR}/second.o)
  run_or_stop(${COMPILER} ${WORK_DIR}/main.o ${WORK_DIR}/second.o -o ${WORK_DIR}/consumer)
  check_output(${WORK_DIR}/consumer)
  return()
endif()

set(configure ${CMAKE_COMMAND} -G Ninja -S ${project} -B ${WORK_DIR} -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -D CMAKE_BUILD_TYPE=Debug -D ROSTE_BY=${BY}
  -D ROSTE_SOURCES=${SOURCE_DIR} -D CMAKE_PREFIX_PATH=${PREFIX} -D WITH_EIGEN=${WITH_EIGEN}
  -D ROSTE_COMPONENTS=${COMPONENTS} ${FLAGS})
execute_process(COMMAND ${configure} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " words "${output}")  # CMake wraps messages
if(REFUSED)
  string(FIND "${words}" "${REFUSED}" at)
  if(status EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "is not refused with \"${REFUSED}\":\n${output}")
  endif()
  return()
endif()
if(COMPONENTS STREQUAL "cuda" AND words MATCHES "${no_toolkit}")
  message("skipped: there is no CUDA toolkit")
  return()
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${configure}\n${output}")
endif()
run_or_stop(${CMAKE_COMMAND} --build ${WORK_DIR})
check_output(${WORK_DIR}/consumer)
if(WITH_EIGEN)
  check_output(${WORK_DIR}/consumer_eigen)
endif()
