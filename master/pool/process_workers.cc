#include "master/pool/process_workers.h"

#include <phial/protocol/side_thread.h>

#include <functional>
#include <utility>

#include "master/process/oom_kills.h"
#include "master/worker/worker_process.h"

namespace phial::inline v1::detail {
namespace {

class ProcessWorkers {
 public:
  ProcessWorkers(Reactor& reactor, Clock& clock, const PoolOptions& options,
                 const StartCalls& startCalls, std::shared_ptr<PoolLog> log, TakeMemory takeMemory)
      : reactor_(reactor),
        clock_(clock),
        options_(options),
        startCalls_(startCalls),
        log_(std::move(log)),
        takeMemory_(std::move(takeMemory)),
        side_(std::bind_front(&Reactor::callFromThread, &reactor)) {
    if (options_.warm) {
      warm_ = std::make_shared<WorkerTemplate>(reactor_, clock_, options_, log_);
    }
  }

  std::shared_ptr<PoolWorker> make(PoolWorker::Owner& owner, std::uint64_t number) {
    return std::make_shared<WorkerProcess>(
        WorkerProcess::Environment{reactor_, clock_, options_, startCalls_, log_, oomKills_, side_,
                                   takeMemory_, owner, warm_.get()},
        number);
  }
  void renew() const {
    if (warm_) warm_->renew();
  }
  void close() const {
    if (warm_) warm_->close();
  }

 private:
  Reactor& reactor_;
  Clock& clock_;
  const PoolOptions& options_;
  const StartCalls& startCalls_;
  const std::shared_ptr<PoolLog> log_;
  const TakeMemory takeMemory_;
  OomKills oomKills_;
  SideThread side_;
  std::shared_ptr<WorkerTemplate> warm_;  // null: each worker is spawned
};

}  // namespace

WorkerFactory processWorkers(Reactor& reactor, Clock& clock, const PoolOptions& options,
                             const StartCalls& startCalls, std::shared_ptr<PoolLog> log,
                             TakeMemory takeMemory) {
  const auto workers = std::make_shared<ProcessWorkers>(reactor, clock, options, startCalls,
                                                        std::move(log), std::move(takeMemory));
  return {std::bind_front(&ProcessWorkers::make, workers), [workers] { workers->renew(); },
          [workers] { workers->close(); }};
}

}  // namespace phial::inline v1::detail
