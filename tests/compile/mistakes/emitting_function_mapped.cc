// expect: called by pool.stream<f>(args...)
#include "tests/compile/common.h"

void program() {
  pool().map<countTo>(std::vector{1, 2});  // the mistake
}
