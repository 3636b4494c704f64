// expect: gatherResults(std::move(a), std::move(b))
#include "tests/compile/common.h"

void program() {
  auto a = pool().deferToProcess<isPrime>(7);
  auto b = pool().deferToProcess<shout>("text");
  phial::gatherResults(a, b);  // the mistake
}
