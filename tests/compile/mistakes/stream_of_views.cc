// expect: std::string, not std::string_view
#include "tests/compile/common.h"

void sayEach(phial::Emit<std::string_view> emit);

void program() {
  pool().stream<sayEach>();  // the mistake
}
