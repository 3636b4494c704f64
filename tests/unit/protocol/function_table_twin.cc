#include "function_table_twin.h"

static int twin(int n) { return n + 1; }

int linkedFromAfar(int n) { return n; }

template <auto F>
static void callNever() {
  phial::LinkedFunction<F>::require();
}

void mentionLinkedFromAfar() { callNever<linkedFromAfar>(); }

namespace phial {

void addOtherTwin(FunctionTable& table) { table.add<twin>(); }

}  // namespace phial
