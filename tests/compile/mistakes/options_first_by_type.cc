// expect: write pool.with(options).deferToProcess<f>(args...)
#include "tests/compile/common.h"

void program(const phial::JobOptions& options) {
  pool().deferToProcess<isPrime>(options, 7);  // the mistake
}
