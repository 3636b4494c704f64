// expect: write pool.with(options).deferToProcess<f>(args...)
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<int>({}, "named", 7);  // the mistake
}
