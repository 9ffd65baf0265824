# Checks the arrows between rooms line by line, as headers can cross a border without linking:
#   cmake -D SOURCE_DIR=<repository> -P include_arrows.cmake
# A room of the trainer may include the library, itself, and the rooms it links in
# reference_trainer/CMakeLists.txt, with theirs. include/roste/core includes core alone, include/roste
# nothing but include/roste, and kernels/roste these and itself. Of all headers of the library
# cpu/eigen.h alone includes Eigen, and only kernels/ includes CUDA's.

set(violations "")

# Sets `files` to the sources under `directory`.
function(find_sources directory)
  set(files "")
  foreach(suffix h inc cpp cu cuh)
    file(GLOB_RECURSE found ${SOURCE_DIR}/${directory}/*.${suffix})
    list(APPEND files ${found})
  endforeach()
  if(NOT files)
    message(FATAL_ERROR "include_arrows: no source under ${directory}")
  endif()
  set(files "${files}" PARENT_SCOPE)
endfunction()

# Adds every include in angle brackets of the files under `directory` that matches `refused`, except
# in the header `except`.
function(check_packages directory refused except)
  find_sources(${directory})
  foreach(file IN LISTS files)
    file(RELATIVE_PATH name ${SOURCE_DIR} ${file})
    file(STRINGS ${file} includes REGEX "^#include <(${refused})")
    if(includes AND NOT name STREQUAL except)
      string(APPEND violations "  ${name}: ${includes}\n")
    endif()
  endforeach()
  set(violations "${violations}" PARENT_SCOPE)
endfunction()

# Adds every quoted include of the files under `directory` that does not match `allowed`.
function(check_includes directory allowed)
  find_sources(${directory})
  foreach(file IN LISTS files)
    file(STRINGS ${file} includes REGEX "^#include \"")
    foreach(include IN LISTS includes)
      if(NOT include MATCHES "^#include \"(${allowed})/")
        file(RELATIVE_PATH name ${SOURCE_DIR} ${file})
        string(APPEND violations "  ${name}: ${include}\n")
      endif()
    endforeach()
  endforeach()
  set(violations "${violations}" PARENT_SCOPE)
endfunction()

check_includes(include/roste/core "roste/core")
check_includes(include/roste "roste/core|roste/cpu")
check_includes(kernels/roste "roste/core|roste/cpu|roste/cuda")
check_packages(include/roste "Eigen|unsupported/Eigen" include/roste/cpu/eigen.h)
check_packages(include/roste "cu[a-zA-Z]*[._]|cub/|thrust/" "")
check_packages(kernels/roste "Eigen" "")

# Rooms stand in the order of their links, so the rooms that a room links are already known.
file(STRINGS ${SOURCE_DIR}/reference_trainer/CMakeLists.txt rooms REGEX "^trainer_room\\(")
foreach(line IN LISTS rooms)
  string(REGEX MATCH "^trainer_room\\(([a-z]+) LINK (.*)\\)" matched "${line}")
  set(room ${CMAKE_MATCH_1})
  string(REGEX MATCHALL "trainer_[a-z]+" linked "${CMAKE_MATCH_2}")
  set(reach_${room} ${room})
  foreach(link IN LISTS linked)
    string(REPLACE "trainer_" "" link ${link})
    list(APPEND reach_${room} ${reach_${link}})
  endforeach()
  list(REMOVE_DUPLICATES reach_${room})
  list(JOIN reach_${room} "|" names)
  check_includes(reference_trainer/${room} "roste|roste/core|roste/cpu|reference_trainer/(${names})")
endforeach()

if(NOT rooms)
  message(FATAL_ERROR "include_arrows: no trainer_room in reference_trainer/CMakeLists.txt")
endif()
if(violations)
  message(FATAL_ERROR "includes against the arrows of DEVELOPERS.md:\n${violations}")
endif()
