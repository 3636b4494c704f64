// expect: write pool.with(options).deferToProcess<f>(args...), and the same for map
#include "tests/compile/common.h"

void program(const std::vector<std::uint64_t>& numbers) {
  pool().map<isPrime>({.chunk = 10}, numbers);  // the mistake
}
