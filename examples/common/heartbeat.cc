#include "common/heartbeat.h"

#include <algorithm>

namespace examples {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(5);

}  // namespace

void Heartbeat::next() {
  due_ = std::max(due_ + kInterval, clock_.now());
  call_ = clock_.callLater(due_ - clock_.now(), [this] { beat(); });
}

void Heartbeat::beat() {
  late_.push_back(std::chrono::duration<double, std::milli>(clock_.now() - due_).count());
  next();
}

Heartbeat::Delays Heartbeat::delays() const {
  auto late = late_;
  // A loop that was held up until now has missed a beat that it has not yet seen.
  late.push_back(
      std::max(0.0, std::chrono::duration<double, std::milli>(clock_.now() - due_).count()));
  std::sort(late.begin(), late.end());
  return {late[late.size() / 2], late.back()};
}

}  // namespace examples
