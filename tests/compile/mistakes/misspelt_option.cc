// expect: fields and their order: see JobOptions
#include "tests/compile/common.h"

void program() {
  pool().with({.timout = std::chrono::seconds(5)}).deferToProcess<isPrime>(7);  // the mistake
}
