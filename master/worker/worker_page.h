// The control page of one worker, as the master reads and writes it.
//
// WorkerPage is the only code of the master that touches the page and the memory behind it. Three
// rules for what is read there:
//
// - The worker may write anything, at any time. A job that the page names counts only if InFlight
//   says that the worker holds it. A time outside of the job's life is not believed.
// - A slot settles by compare-and-swap: a job that was taken back is never begun, and the other way
//   round.
// - The page outlives the worker. The same questions have the same meaning after its death.
//
// Thread rule: the loop's. A question about a job costs a search among the jobs in flight, 256 at
// most, and no system call.
#pragma once

#include <capnp/common.h>
#include <kj/array.h>
#include <phial/master/clock.h>
#include <phial/master/death_certificate.h>
#include <phial/protocol/control_page.h>
#include <phial/protocol/item_ring.h>
#include <phial/protocol/progress_board.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "master/worker/death_reason.h"
#include "master/worker/in_flight.h"
#include "master/worker/pool_worker.h"

namespace phial::inline v1::detail {

class WorkerPage {
 public:
  using Place = InFlight::Place;
  using AtElement = PoolWorker::AtElement;
  using Refusal = DeathEvidence::Refusal;

  /// Where the worker is with a job, or with one element of a job. `over`: the worker is done with
  /// it, or does not hold the job.
  enum class Stage { running, returned, over };

  /// Makes a page. `jobs` is borrowed; takeBack() settles jobs there. Throws std::system_error or
  /// std::bad_alloc.
  explicit WorkerPage(InFlight& jobs) : jobs_(jobs), mapping_(ControlPageMapping::create()) {}

  // For the spawn.

  /// The page's file, for the worker to inherit.
  int fd() const { return mapping_.fd(); }
  /// The worker has the file; the mapping stays.
  void closeFile() { mapping_.closeFile(); }
  /// The worker is to ignore a SIGTERM of a stranger's.
  void leaveTerm() { page().leavesTerm.store(1, std::memory_order_relaxed); }

  // The slots.

  /// The worker may take up this job, in this slot. Call it before the message about the job can
  /// reach the worker. REQUIRES: the slot is free.
  void offer(unsigned slot, std::uint64_t job) { page().slots[slot].offer(job); }
  /// True: the worker has not begun the job, never will, and does not hold it any more.
  bool takeBack(Place place);
  /// True if the worker has taken up the job.
  bool begun(Place place) const { return slot(place).claimed(jobs_.job(place).id); }
  /// True if the worker holds this job and has taken it up.
  bool begun(std::uint64_t job) const;
  /// True if the job's result lies behind the page.
  bool delivered(Place place) const { return slot(place).delivered(jobs_.job(place).id); }
  /// Copies the result of a job that is delivered(); the copy is valid until the next one. Nothing:
  /// the place that the worker names lies outside of the memory for results.
  std::optional<kj::ArrayPtr<const capnp::word>> fetch(Place place);

  /// Begins the stream of a job that is about to be sent in this slot. The reader borrows the page.
  ItemRingReader beginItems(unsigned slot, std::uint64_t job) {
    return {page().items, mapping_.results(), slot, job};
  }

  // Where the jobs stand.

  /// The job that is taken up and not delivered; the one that the worker names, if there are two.
  std::optional<Place> running() const;
  /// The first job that is held and not taken up.
  std::optional<Place> firstWaiting() const;
  /// The job that a death is put down to: the one that ran, or else the first on its way.
  std::optional<Place> blamed() const;
  /// True if the worker says that it is at a later job by now.
  bool passed(Place place) const { return jobs_.sentAfter(place, named()); }
  /// How many jobs of the oldest batch are taken up. REQUIRES: a job is in flight.
  std::size_t begunOfOldest() const;
  Stage stageOf(std::uint64_t job) const;
  /// With `element` 0: of the whole job. An element that is counted from 1 is over when the job is
  /// at another element.
  Stage stageOf(std::uint64_t job, std::uint64_t element) const;
  /// As PoolWorker::jobReturned, startDelay, atElement and runningFor.
  bool returned(std::uint64_t job) const;
  std::optional<Duration> startDelay(std::uint64_t job) const;
  std::optional<AtElement> atElement(std::uint64_t job) const;
  std::optional<Duration> runningFor() const;

  // What the master asks of the worker.

  /// Raises the cancel word for a job, or for one element of it if `element` is not 0. There is one
  /// word: it replaces the last.
  void raiseCancel(std::uint64_t job, std::uint64_t element);
  /// True if the cancel word is raised for a job, or for the element that the job is at.
  bool cancelRaised(std::uint64_t job) const;
  /// The worker is to end itself by this signal once it has written where it is.
  void requestEnd(int signal) { page().endSignal.store(signal, std::memory_order_release); }

  // What the worker says of itself.

  /// Clears the bell and returns the last report, if it is of a job that is under way.
  struct Report {
    Place place;
    ProgressReport report;
  };
  std::optional<Report> takeReport();
  /// To what memory was refused, as far as it concerns the job that a death is put down to. At the
  /// worst a worker calls a crash of its own a want of memory.
  Refusal refusal() const;
  /// One of the worker's own descriptors that a job has closed or replaced.
  std::optional<int> lostDescriptor() const;
  /// Writes into `death` what the page shows: the phase, the job with its label, how far the job
  /// had come, and the trace. Returns the worker's index of the job's function, if there is a job.
  std::optional<std::uint32_t> attest(DeathCertificate& death) const;

 private:
  ControlPage& page() const { return mapping_.page(); }
  JobSlot& slot(Place place) const { return page().slots[jobs_.slotNumber(place)]; }
  std::uint64_t named() const { return page().job.load(std::memory_order_acquire); }
  std::optional<Duration> believedDelay(std::int64_t started, Place place) const;
  std::optional<Place> latest(std::uint64_t job) const;

  InFlight& jobs_;
  ControlPageMapping mapping_;
  std::vector<std::uint64_t> fetched_;
};

}  // namespace phial::inline v1::detail
