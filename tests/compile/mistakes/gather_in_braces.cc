// expect: write gatherResults(std::move(a), std::move(b))
#include "tests/compile/common.h"

void program() {
  auto a = pool().deferToProcess<isPrime>(7);
  auto b = pool().deferToProcess<isPrime>(9);
  phial::gatherResults({std::move(a), std::move(b)});  // the mistake
}
