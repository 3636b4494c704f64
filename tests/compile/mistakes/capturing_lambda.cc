// expect: write a function and give what it captured as arguments
#include "tests/compile/common.h"

void program(std::uint64_t n) {
  pool().deferToProcess([n] { return isPrime(n); });  // the mistake
}
