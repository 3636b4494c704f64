// Jobs without a pool.
#pragma once

#include <phial/master/detail/job.h>

#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace phial::detail {

/// Notes the jobs that were cancelled.
class NotingOwner final : public Job::Owner {
 public:
  bool cancel(std::uint64_t id) override {
    cancelled.push_back(id);
    return true;
  }

  std::vector<std::uint64_t> cancelled;
};

inline const FunctionName kSomeFunction{"some", "void ()"};

/// A job for which nobody waits.
template <class R, class... Args>
Ref<TypedJob<R, Args...>> makeJob(Job::Owner& owner, std::uint64_t id, Args... arguments) {
  return Ref(new TypedJob<R, Args...>({owner, id}, {}, kSomeFunction,
                                      std::tuple<Args...>(std::move(arguments)...)));
}

/// The Deferred that waits for a job, which is to settle.
template <class R, class... Args>
Deferred<R> deferredOf(const Ref<TypedJob<R, Args...>>& job) {
  return Access::wrap<R>(Chain::pending(Ref<Source>(job)));
}

}  // namespace phial::detail
