// expect: std::move(d).addCallback
#include "tests/compile/common.h"

void program() {
  auto d = pool().deferToProcess<isPrime>(7);
  d.addCallback([](bool) {});  // the mistake
}
