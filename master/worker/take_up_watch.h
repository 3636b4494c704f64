// Notices a worker that does not take up what it was sent, or that has been stopped.
//
// A worker that does not take up its jobs hangs as surely as one that never greets, and is given
// as long. One timer a worker, not one a job: when it fires, the watch compares what it sees with
// what it saw at its last look.
//
// A batch is late when it was sent `patience` ago. What a late batch means:
//
//   a job of it runs, and the process is not stopped   all is well: timeouts end jobs
//   a job of it runs, and the process is stopped       said once; then, at the next look, as the
//                                                      owner likes
//   no job runs, but jobs were taken up or bytes read  a large request is under way: wait
//   neither                                            the worker does not take up its job
//
// The watch ends nobody: look() returns what it has found.
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/clock.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace phial::inline v1::detail {

class TakeUpWatch {
 public:
  /// What shows that a worker reads what it is sent.
  struct Progress {
    std::uint64_t batch = 0;      // the oldest
    std::size_t begun = 0;        // jobs of it that are taken up
    std::uint64_t bytesSent = 0;  // that the kernel has taken; 0 when nothing waits for it

    bool operator==(const Progress&) const = default;
  };

  /// How the worker stands with the oldest batch.
  enum class State { waiting, atWork, atWorkAndStopped };

  enum class Finding {
    nothing,       // look again later
    stopped,       // its job has begun, and a signal has stopped the process since the last look
    stillStopped,  // the same at two looks in succession
    notTakenUp,    // it hangs
  };

  /// `clock` is borrowed. `onDue` is called from it, never inside a call of this class; whoever is
  /// called says what there is by look(), or nothing: then the watch rests until begin().
  TakeUpWatch(Clock& clock, Duration patience, std::function<void()> onDue)
      : clock_(clock), patience_(patience), onDue_(std::move(onDue)) {}
  ~TakeUpWatch() { stop(); }
  TakeUpWatch(const TakeUpWatch&) = delete;
  TakeUpWatch& operator=(const TakeUpWatch&) = delete;

  /// True while the timer runs.
  bool active() const { return timer_.active(); }
  /// A batch has been sent. REQUIRES: not active().
  void begin(Progress seen) { waitFor(patience_, seen); }
  void stop() { timer_.cancel(); }

  /// The timer may be that of an earlier batch. True: the batch that was sent at `sentAt` has more
  /// time, and the watch goes on.
  bool inTime(TimePoint sentAt, Progress seen);
  /// Judges a batch that is late. The watch goes on, unless the finding is notTakenUp.
  Finding look(State state, Progress seen);

 private:
  void waitFor(Duration delay, Progress seen);

  Clock& clock_;
  const Duration patience_;
  const std::function<void()> onDue_;
  Progress last_;
  bool wasStopped_ = false;  // at the last look, with a job that it had begun
  DelayedCall timer_;
};

}  // namespace phial::inline v1::detail
