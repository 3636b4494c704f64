# SOURCE has to compile.
include(${CMAKE_CURRENT_LIST_DIR}/compile.cmake)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${output}")
endif()
