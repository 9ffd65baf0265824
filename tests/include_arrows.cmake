# Checks the arrows between rooms line by line, as headers can cross a border without linking:
#   cmake -D SOURCE_DIR=<repository> -P include_arrows.cmake
# A room of the trainer may include the library, itself, and the rooms it links in
# reference_trainer/CMakeLists.txt, with theirs. include/roste/core includes core alone, and
# include/roste nothing but include/roste.

set(violations "")

# Adds every quoted include of the files under `directory` that does not match `allowed`.
function(check_includes directory allowed)
  file(GLOB_RECURSE files ${SOURCE_DIR}/${directory}/*.h ${SOURCE_DIR}/${directory}/*.cpp)
  if(NOT files)
    message(FATAL_ERROR "include_arrows: no source under ${directory}")
  endif()
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
