cmake_minimum_required(VERSION 3.25)

# Compiles SOURCE with COMPILER and FLAGS as far as its errors: sets `status` and `output`.
string(REPLACE "|" ";-I" includes "-I${INCLUDES}")
execute_process(
  COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${FLAGS} ${includes} -include phial/schema/kj_equality.h ${SOURCE}
  RESULT_VARIABLE status
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
