# SOURCE has to compile without a warning of those that many programs ask for.
set(FLAGS -Wall -Wextra -Werror)
include(${CMAKE_CURRENT_LIST_DIR}/accept.cmake)
