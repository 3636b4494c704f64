// expect: its last parameter is a phial::Emit<T>
#include "tests/compile/common.h"

void program() {
  pool().stream<isPrime>(7);  // the mistake
}
