// expect: write pool.with(options).deferToProcess<f>(args...)
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<isPrime>({.timeout = std::chrono::seconds(5)}, 7);  // the mistake
}
