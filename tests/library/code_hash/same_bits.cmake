# Compiles code_hash.cpp in many ways, runs every program, and compares what they print:
#   cmake -D COMPILERS=g++;clang++ -D SOURCE_DIR=<repository> -D WORK_DIR=<scratch> -P same_bits.cmake
# The hash is a literal, so that a change of any code is seen, too.

set(expected "8028703858bf1af2")

set(ways "-O0" "-O2" "-O3 -march=native -ffp-contract=fast")
file(MAKE_DIRECTORY ${WORK_DIR})
set(number 0)
foreach(compiler IN LISTS COMPILERS)
  foreach(way IN LISTS ways)
    separate_arguments(flags UNIX_COMMAND "${way}")
    set(program ${WORK_DIR}/code_hash)
    execute_process(COMMAND ${compiler} -std=c++20 ${flags} -I ${SOURCE_DIR}/include
                            ${SOURCE_DIR}/tests/library/code_hash/code_hash.cpp -o ${program}
                    RESULT_VARIABLE status ERROR_VARIABLE output)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "${compiler} ${way} does not compile:\n${output}")
    endif()
    execute_process(COMMAND ${program} OUTPUT_VARIABLE printed RESULT_VARIABLE status)
    if(NOT status EQUAL 0 OR NOT printed STREQUAL "${expected}\n${expected}\n")
      message(FATAL_ERROR "${compiler} ${way} prints\n${printed}instead of twice ${expected}")
    endif()
    math(EXPR number "${number} + 1")
  endforeach()
endforeach()
message(STATUS "${number} programs print ${expected}")
