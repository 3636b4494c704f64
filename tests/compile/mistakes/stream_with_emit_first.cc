// expect: takes one phial::Emit<T>, as its last parameter
#include "tests/compile/common.h"

void program() {
  pool().stream<emitFirst>(7);  // the mistake
}
