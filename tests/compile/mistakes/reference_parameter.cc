// expect: Take it by value or const&, and return the result
#include "tests/compile/common.h"

void sort(std::vector<int>& numbers);

void program() {
  std::vector<int> numbers{3, 1, 2};
  pool().deferToProcess<sort>(numbers);  // the mistake
}
