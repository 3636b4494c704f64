// expect: the callable cannot be called with the parameters of
#include <phial/worker.h>

#include "tests/compile/common.h"

void program() {
  phial::Worker worker;
  worker.add<kShout>([](int n) { return n; });  // the mistake
}
