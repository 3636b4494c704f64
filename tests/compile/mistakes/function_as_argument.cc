// expect: write deferToProcess<f>(args...)
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess(isPrime, 7);  // the mistake
}
