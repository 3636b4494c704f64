// expect: Emit it as the last item
#include "tests/compile/common.h"

void program() {
  pool().stream<countAndReturn>(7);  // the mistake
}
