// expect: Make the parameter the derived class
#include "tests/compile/common.h"

void program() {
  pool().deferToProcess<area>(Derived{});  // the mistake
}
