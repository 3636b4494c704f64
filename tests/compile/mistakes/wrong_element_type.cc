// expect: this argument does not convert to its parameter's type as in a plain call
#include "tests/compile/common.h"

void program(const std::vector<const char*>& texts) {
  pool().map<isPrime>(texts);  // the mistake
}
