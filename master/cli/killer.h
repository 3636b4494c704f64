// Signals a random worker of a pool, again and again.
//
// Nine times of ten it is one that is ready; else one that may still be starting. If it were any of
// them each time, a pool whose workers take as long to start as the time between two signals would
// be kept from serving at all, and rightly call that a crash loop.
//
// A worker that the pool lists as not ending has not been reaped, so its process id is its own.
#pragma once

#include <phial/master/process_pool.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace phial::inline v1::cli {

class Killer {
 public:
  struct Plan {
    Duration meanInterval{};   ///< the intervals vary between half of it and half as much again
    std::vector<int> signals;  ///< one of them each time
    std::uint64_t seed = 0;
    /// The name of the pool's template, which gets one SIGKILL in fifty; empty: there is none.
    std::string templateName = {};
  };

  using Struck = std::function<void(std::uint64_t worker, int signal)>;

  /// `struck` is called for each signal sent. Borrows both.
  Killer(Reactor& reactor, const ProcessPool& pool, Plan plan, Struck struck);
  ~Killer() { stop(); }
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;

  void begin() { schedule(); }
  void stop() { next_.cancel(); }

  std::uint64_t signalsSent() const { return sent_; }

 private:
  void schedule();
  void strike();
  void strikeTemplate();
  std::vector<WorkerStatus> targets();

  Reactor& reactor_;
  const ProcessPool& pool_;
  Plan plan_;
  Struck struck_;
  std::mt19937_64 random_;
  std::uint64_t sent_ = 0;
  DelayedCall next_;
};

}  // namespace phial::inline v1::cli
