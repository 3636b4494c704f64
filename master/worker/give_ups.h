// The jobs of one worker that were asked to give up, and what happens if they do not.
//
// A job whose soft timeout is over, or that is cancelled, sees a cancel word. If the job still runs
// when its entry here is due, its worker is ended. GiveUps keeps the entries and one timer for all
// of them. It ends nobody: the timer calls `onDue`, whose owner asks nextOverdue() for what is to
// be done.
//
// The timer fires as late as the loop lets it, and much may have happened since it was set. So each
// entry is judged when it is due, by where its job stands then:
//
//   the job, or its element, is over     the entry is dropped
//   a debugger holds the worker          another `grace`
//   the job has returned, first time     another `grace`: its answer is about to come, unless the
//                                        result cannot be written
//   else                                 overdue
//
// Thread rule: the loop's.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/death_certificate.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/worker/worker_page.h"

namespace phial::inline v1::detail {

class GiveUps {
 public:
  struct Entry {
    std::uint64_t job;
    std::uint64_t element;  // counted from 1; 0: the whole job
    DeathCause cause;       // of the worker's end, if the job does not give up
    std::string detail;
    TimePoint due;
  };

  /// Who keeps the worker from going on.
  enum class HeldBy { nobody, debugger };

  /// `clock` is borrowed. `onDue` is called from it, never inside a call of this class.
  GiveUps(Clock& clock, Duration grace, std::function<void()> onDue)
      : clock_(clock), grace_(grace), onDue_(std::move(onDue)) {}
  ~GiveUps() { stop(); }
  GiveUps(const GiveUps&) = delete;
  GiveUps& operator=(const GiveUps&) = delete;

  bool empty() const { return entries_.empty(); }
  /// True if the whole job has been asked to give up.
  bool hasWhole(std::uint64_t job) const;

  /// Adds an entry. False: there is one of this job and element, and its time counts.
  bool add(Entry entry);
  /// The job has been answered, or its answer is being read. False: there was no entry of it.
  bool forget(std::uint64_t job);
  /// The worker is ending: the timer does not fire any more.
  void stop() { timer_.cancel(); }

  /// Takes out the next entry for which the worker is to be ended. Entries that are due and not
  /// overdue are dropped or postponed, as said above. When nothing is overdue, the timer is set
  /// again.
  std::optional<Entry> nextOverdue(const WorkerPage& page, HeldBy heldBy);

 private:
  struct Waiting : Entry {
    bool answerIsLate = false;  // the job had returned when it was due, and was not answered
  };

  bool postpone(Waiting& entry, const WorkerPage& page, HeldBy heldBy) const;
  void arm();

  Clock& clock_;
  const Duration grace_;
  const std::function<void()> onDue_;
  std::vector<Waiting> entries_;  // one or two
  DelayedCall timer_;             // for the entry that is due first
};

}  // namespace phial::inline v1::detail
