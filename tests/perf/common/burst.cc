#include "tests/perf/common/burst.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace perf {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;
constexpr phial::Duration kSlice = std::chrono::milliseconds(1);

class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(phial::Reactor& reactor, phial::ProcessPool& pool, std::size_t jobs)
      : reactor_(reactor), pool_(pool), begin_(reactor.now()) {
    burst_.jobs = jobs;
    // Growing it would hold up the loop that is being measured.
    burst_.submissionUs.reserve(jobs);
  }

  phial::Deferred<Burst> start() {
    auto [deferred, resolver] = phial::newDeferred<Burst>();
    resolver_.emplace(std::move(resolver));
    submitSlice();
    return std::move(deferred);
  }

 private:
  void submitSlice() {
    const auto sliceBegin = reactor_.now();
    auto before = sliceBegin;
    while (submitted_ < burst_.jobs && before - sliceBegin < kSlice) {
      submitOne();
      const auto after = reactor_.now();
      burst_.submissionUs.add(Microseconds(after - before).count());
      before = after;
    }
    if (submitted_ < burst_.jobs) {
      reactor_.callLater(phial::Duration::zero(),
                         [self = shared_from_this()] { self->submitSlice(); });
    }
  }

  void submitOne() {
    ++submitted_;
    pool_.deferToProcess<noOp>().addCallbacks(
        [self = shared_from_this()] { self->onDone(); },
        [self = shared_from_this()](const phial::Failure& failure) { self->onFailed(failure); });
  }

  void onDone() {
    if (++done_ < burst_.jobs || !resolver_) return;
    burst_.seconds = std::chrono::duration<double>(reactor_.now() - begin_).count();
    std::exchange(resolver_, std::nullopt)->callback(std::move(burst_));
  }

  void onFailed(const phial::Failure& failure) {
    if (resolver_) std::exchange(resolver_, std::nullopt)->errback(failure);
  }

  phial::Reactor& reactor_;
  phial::ProcessPool& pool_;
  const phial::TimePoint begin_;
  Burst burst_;
  std::size_t submitted_ = 0;
  std::size_t done_ = 0;
  std::optional<phial::Resolver<Burst>> resolver_;
};

}  // namespace

void noOp() {}

phial::Deferred<Burst> runBurst(phial::Reactor& reactor, phial::ProcessPool& pool,
                                std::size_t jobs) {
  return std::make_shared<Run>(reactor, pool, jobs)->start();
}

}  // namespace perf
