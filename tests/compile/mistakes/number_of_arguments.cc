// expect: the function takes another number of arguments
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<isPrime>(7, 8);  // the mistake
}
