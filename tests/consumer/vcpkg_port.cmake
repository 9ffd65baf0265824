# Runs the portfile of cmake/vcpkg/roste with stand-ins for vcpkg's functions, which do the part that
# concerns the port, and looks at what it leaves:
#   cmake -D SOURCE_DIR=<repository> -D WORK_DIR=<scratch> -D COMPILER=<c++> -D VERSION=<project's>
#         -P vcpkg_port.cmake
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK_DIR})
set(CURRENT_PORT_DIR ${SOURCE_DIR}/cmake/vcpkg/roste)
set(CURRENT_PACKAGES_DIR ${WORK_DIR}/packages)
set(PORT roste)
set(FEATURES core)

function(vcpkg_cmake_configure)
  cmake_parse_arguments(ARG "" "SOURCE_PATH" "OPTIONS" ${ARGN})
  execute_process(COMMAND ${CMAKE_COMMAND} -G Ninja -S ${ARG_SOURCE_PATH} -B ${WORK_DIR}/build
                          -D CMAKE_CXX_COMPILER=${COMPILER} ${ARG_OPTIONS}
                  COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()
function(vcpkg_cmake_install)
  execute_process(COMMAND ${CMAKE_COMMAND} --install ${WORK_DIR}/build --prefix ${CURRENT_PACKAGES_DIR}
                  COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(ARG "" "CONFIG_PATH" "" ${ARGN})
  file(RENAME ${CURRENT_PACKAGES_DIR}/${ARG_CONFIG_PATH} ${CURRENT_PACKAGES_DIR}/share/${PORT})
endfunction()
function(vcpkg_fixup_pkgconfig)
endfunction()
function(vcpkg_install_copyright)
  cmake_parse_arguments(ARG "" "" "FILE_LIST" ${ARGN})
  file(COPY_FILE ${ARG_FILE_LIST} ${CURRENT_PACKAGES_DIR}/share/${PORT}/copyright)
endfunction()
set(CMAKE_CURRENT_LIST_DIR ${CURRENT_PORT_DIR})
include(${CURRENT_PORT_DIR}/portfile.cmake)

foreach(file include/roste/roste.h share/roste/roste-config.cmake share/roste/usage
             share/roste/copyright share/pkgconfig/roste.pc)
  if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/${file})
    message(FATAL_ERROR "the port leaves no ${file}")
  endif()
endforeach()
file(GLOB cuda_headers ${CURRENT_PACKAGES_DIR}/include/roste/cuda*)
if(cuda_headers)
  message(FATAL_ERROR "the port leaves the CUDA headers without the feature cuda")
endif()
foreach(manifest vcpkg.json cmake/vcpkg/roste/vcpkg.json)
  file(READ ${SOURCE_DIR}/${manifest} text)
  string(JSON version GET "${text}" version)
  if(NOT version STREQUAL VERSION)
    message(FATAL_ERROR "${manifest} says version ${version}; CMakeLists.txt ${VERSION}")
  endif()
endforeach()
