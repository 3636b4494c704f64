// expect: give the very type that the parameter holds
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<maybe>(300);  // the mistake
}
