// expect: Return the value itself
#include "tests/compile/common.h"

phial::Deferred<int> later(int number);

void program() {
  pool().deferToProcess<later>(7);  // the mistake
}
