#include "tests/perf/common/heartbeat.h"

namespace perf {

Heartbeat::Heartbeat(phial::Reactor& reactor) : reactor_(reactor), due_(reactor.now() + kInterval) {
  next();
}

Samples Heartbeat::delaysMs() {
  take();
  return delaysMs_;
}

void Heartbeat::next() {
  call_ = reactor_.callLater(due_ - reactor_.now(), [this] {
    take();
    next();
  });
}

void Heartbeat::take() {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const auto now = reactor_.now();
  for (; due_ <= now; due_ += kInterval) delaysMs_.add(Milliseconds(now - due_).count());
}

}  // namespace perf
