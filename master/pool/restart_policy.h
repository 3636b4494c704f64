// When the next worker may be started after others have failed. RestartOptions says by which rules.
#pragma once

#include <phial/master/restart_options.h>

#include <cstdint>
#include <random>

namespace phial::inline v1::detail {

class RestartPolicy {
 public:
  enum class Failure {
    notReady,       ///< it ended before it was ready
    notExecuted,    ///< there was nothing to start; the next try will meet the same
    killedAtStart,  ///< an outsider's SIGKILL ended it before it was ready
    beforeAnyJob,   ///< it was ready, and crashed before it had taken up a job
    atWork,         ///< it crashed at a job, or after one
  };

  /// Throws std::invalid_argument for options that make no sense.
  RestartPolicy(const RestartOptions& options, std::uint64_t seed);

  /// Notes that a worker is started. Workers are known by their numbers, which only grow.
  void started(std::uint64_t worker) { newest_ = worker; }
  void failed(Failure how, std::uint64_t worker, TimePoint now);
  void ready(std::uint64_t worker);
  /// The system has too little of something to start a worker now: no worker is to blame. The next
  /// try may come after a pause, from `firstPause` on and doubled up to 100 ms: a try costs little,
  /// and nobody tells when the shortage has passed.
  void shortage(TimePoint now);
  /// A worker has been spawned: there is no shortage.
  void spawned() { shortages_ = 0; }
  /// Whether as many tries in a row have failed for want of something as `failedStarts` says.
  bool shortageLasts() const { return shortages_ >= options_.failedStarts; }
  void answered(std::uint64_t worker);

  /// When the next start is allowed.
  TimePoint nextStart() const { return nextStart_; }
  bool givenUp() const;

 private:
  // Rounds of deaths in which those that were started after one round died in the next.
  struct Row {
    unsigned rounds = 0;
    std::uint64_t newest = 0;  // the last worker of the last round
    TimePoint end{};           // of the last round's pause

    void add(std::uint64_t worker, std::uint64_t newestWorker);
  };

  void endAfterHealthySpell(Row& row, TimePoint now) const;
  void pause(Row& row, Duration longest, TimePoint now);

  const RestartOptions options_;
  std::mt19937_64 random_;
  std::uint64_t newest_ = 0;
  Row unproven_;  // those that never took up a job
  Row crashes_;   // the others
  unsigned answersSinceCrash_ = 0;
  std::uint64_t lastUnready_ = 0;
  std::uint64_t lastUnproven_ = 0;
  unsigned unready_ = 0;
  unsigned killedAtStart_ = 0;
  unsigned shortages_ = 0;  // in a row
  TimePoint nextStart_{};
};

}  // namespace phial::inline v1::detail
