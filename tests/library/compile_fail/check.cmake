# Checks that a mistake is refused at compile time, and for the stated reason:
#   cmake -D COMPILER=g++ -D COMPILER_ID=GNU -D SOURCE_DIR=<repository> -D CASE=<file.cpp>
#         -P check.cmake
# CASE compiles as it is. With -DROSTE_MUST_NOT_COMPILE it does not, and the compiler prints every
# sentence that CASE names in a line "// Refused with: ...". Flags of a line "// Flags: ..." are given
# only then.

# Messages come without the source line they point at: a sentence found there is no reason given.
# In the C locale compilers quote with ASCII characters.
set(no_source_lines -fno-diagnostics-show-caret)
if(COMPILER_ID MATCHES "Clang")
  set(no_source_lines -fno-caret-diagnostics)
endif()
set(compile ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILER} -std=c++20 -fsyntax-only
            -fmessage-length=0 ${no_source_lines} -I ${SOURCE_DIR}/include -I ${SOURCE_DIR} ${CASE})

file(STRINGS ${CASE} lines REGEX "^// Refused with: ")
if(NOT lines)
  message(FATAL_ERROR "names no sentence to be refused with: ${CASE}")
endif()

execute_process(COMMAND ${compile} RESULT_VARIABLE twin_status ERROR_VARIABLE twin_output)
if(NOT twin_status EQUAL 0)
  message(FATAL_ERROR "the correct twin does not compile: ${CASE}\n${twin_output}")
endif()

file(STRINGS ${CASE} flags REGEX "^// Flags: ")
string(REGEX REPLACE "^// Flags: " "" flags "${flags}")
execute_process(COMMAND ${compile} -DROSTE_MUST_NOT_COMPILE ${flags}
                RESULT_VARIABLE status ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "compiles, but must not: ${CASE}")
endif()

foreach(line IN LISTS lines)
  string(REGEX REPLACE "^// Refused with: " "" sentence "${line}")
  string(FIND "${output}" "${sentence}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "is refused, but not with \"${sentence}\": ${CASE}\n${output}")
  endif()
endforeach()
