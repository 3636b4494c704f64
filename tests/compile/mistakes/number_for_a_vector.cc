// expect: this argument does not convert to its parameter's type as in a plain call
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<sum>(5);  // the mistake
}
