// expect: forEach calls onResult(std::size_t index, R result)
#include "tests/compile/common.h"

void program(const std::vector<double>& numbers) {
  pool().forEach<half>(numbers, [](double v, int n = 3) { note(n + int(v)); });  // the mistake
}
