// expect: this argument is a floating-point number and its parameter an integer
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<isPrime>(3.7);  // the mistake
}
