// expect: co_await std::move(d).outcome()
#include "tests/compile/common.h"

phial::Deferred<void> program() {
  auto d = pool().deferToProcess<isPrime>(7);
  auto outcome = co_await d.outcome();  // the mistake
}
