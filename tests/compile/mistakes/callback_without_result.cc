// expect: calls onResult(std::size_t index): write that parameter, and no other
#include "tests/compile/common.h"

void program(const std::vector<int>& numbers) {
  pool().forEach<note>(numbers, [] {});  // the mistake
}
