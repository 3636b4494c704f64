// When a job's time is up: how its running time is counted, and how long it waits before it runs
// again.
//
// A timer fires as late as the loop lets it, and much may have happened since it was set. So each
// timer of a job asks the JobClock when it fires, and the JobClock answers from what the worker
// says of the job at that moment. It sets no timer itself and knows no worker.
#pragma once

#include <phial/master/clock.h>

#include <cstddef>
#include <optional>
#include <random>

namespace phial::inline v1::detail {

/// What a job's worker says of the job, or of the element of a map that it is at.
struct JobStage {
  /// Whether the worker has taken the job up.
  bool begun = false;
  /// When its function was entered, or the element begun: the time since it was sent. Nothing while
  /// that has not happened, or when the worker cannot be believed.
  std::optional<Duration> startDelay = std::nullopt;
  /// Whether the function has returned; its answer may still lie unread.
  bool returned = false;
};

/// The running time of one job in one worker.
class JobClock {
 public:
  enum class Look {
    again,               ///< the time is not up: look again after `delay`
    isUp,                ///< the job has run for too long
    isUpThoughReturned,  ///< it has returned, but its answer has not come for `grace`
  };
  struct Finding {
    Look look;
    Duration delay{};
  };

  JobClock() = default;
  /// Of a job that is sent at this time.
  explicit JobClock(TimePoint sentAt) : sentAt_(sentAt) {}

  TimePoint sentAt() const { return sentAt_; }

  /// Whether the job has run for `timeout`. Time counts from the moment when the function was
  /// entered; while the job is on its way it stands still. Reading its arguments is not running,
  /// but may not take longer than `timeout` either. A job that has returned in time has kept to
  /// it, also when something held up the loop meanwhile: its answer may take another `grace`.
  Finding look(const JobStage& stage, Duration timeout, Duration grace, TimePoint now);

 private:
  TimePoint sentAt_{};
  std::optional<TimePoint> begunBefore_;  // when it was seen begun, its function not yet entered
  bool answerIsLate_ = false;
};

/// How long a job that has ended its worker `deaths` times waits before it runs again: it may do
/// the same again. From 10 ms on, doubled with each death up to 1 s, less a random part of up to
/// half.
Duration pauseBeforeRerun(std::size_t deaths, std::mt19937_64& random);

}  // namespace phial::inline v1::detail
