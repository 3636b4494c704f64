// expect: a phial::Function has no body: write worker.add<kFunction>(callable)
#include <phial/worker.h>

#include "tests/compile/common.h"

void program() {
  phial::Worker worker;
  worker.add<kShout>();  // the mistake
}
