#include "phial/protocol/fork_mark.h"

#include <pthread.h>

#include <mutex>
#include <utility>
#include <vector>

namespace phial::inline v1::detail {

ForkMark::ForkMark() noexcept {
  static const int registered = ::pthread_atfork(
      nullptr, nullptr, [] { forksToHere.fetch_add(1, std::memory_order_relaxed); });
  static_cast<void>(registered);
  generation_ = forksToHere.load(std::memory_order_relaxed);
}

void keepForever(std::shared_ptr<void> object) {
  // Never destroyed: it outlives the destructors of the program's globals.
  static auto& mutex = *new std::mutex;
  static auto& kept = *new std::vector<std::shared_ptr<void>>;
  const std::scoped_lock lock(mutex);
  kept.push_back(std::move(object));
}

}  // namespace phial::inline v1::detail
