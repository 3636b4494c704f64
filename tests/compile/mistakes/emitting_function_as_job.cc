// expect: called by pool.stream<f>(args...)
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<countTo>(7);  // the mistake
}
