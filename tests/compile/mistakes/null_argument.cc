// expect: give an empty string, or make the parameter a std::optional
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<shout>(nullptr);  // the mistake
}
