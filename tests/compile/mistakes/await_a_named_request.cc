// expect: co_await std::move(request)
#include "tests/compile/common.h"

phial::Deferred<void> program(phial::DeferredLock& lock) {
  auto request = lock.acquire();
  auto held = co_await request;  // the mistake
}
