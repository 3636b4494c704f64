// expect: write a free or static function that takes the object by value
#include "tests/compile/common.h"

struct Grid {
  int cells() const { return 9; }
};

void program() {
  pool().deferToProcess<&Grid::cells>();  // the mistake
}
