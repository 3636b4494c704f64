// expect: write std::move(stream).forEach(f)
#include "tests/compile/common.h"

void program() {
  auto stream = pool().stream<countTo>(7);
  stream.forEach([](int) {});  // the mistake
}
