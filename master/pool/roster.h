// The workers of a pool by their seats, kept in the orders in which decisions need them.
//
// Each function takes constant or logarithmic time in the number of workers, save seats() and
// clear(), which are for what concerns all workers anyhow.
//
// Thread rule: the loop's. A seat stays where it is until remove() or clear().
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <map>
#include <optional>
#include <utility>

#include "master/pool/seat.h"

namespace phial::inline v1::detail {

class Roster {
  template <boost::intrusive::list_member_hook<> Seat::* Place>
  using List = boost::intrusive::list<
      Seat, boost::intrusive::member_hook<Seat, boost::intrusive::list_member_hook<>, Place>>;
  template <boost::intrusive::set_member_hook<> Seat::* Place, class Order>
  using Set = boost::intrusive::set<
      Seat, boost::intrusive::member_hook<Seat, boost::intrusive::set_member_hook<>, Place>,
      boost::intrusive::compare<Order>>;

 public:
  /// One moment, on the pool's clock and on the reactor's.
  struct Now {
    TimePoint pool;
    TimePoint reactor;
  };

  Roster() = default;
  ~Roster() { clear(); }
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  /// Adds a worker, which is starting. REQUIRES: `number` is above those before it.
  Seat& add(std::uint64_t number, std::shared_ptr<PoolWorker> worker = nullptr,
            std::uint64_t quota = Seat::kNoQuota);
  /// Takes a worker out, wherever it stands. The seat is gone afterwards.
  void remove(Seat& seat);
  void clear();
  /// The seat of a worker; null when there is none.
  Seat* find(std::uint64_t number);
  /// Notes what a worker reports.
  void update(Seat& seat, const Load& load, Now now);
  /// Notes that a worker is to be replaced, or is not any more.
  void setDeparture(Seat& seat, Departure departure);
  /// Notes that a worker serves this lease alone; 0: none any more.
  void setLease(Seat& seat, std::uint64_t lease);
  /// Notes that a worker takes no further job, and is to be retired when it is idle.
  void setLast(Seat& seat);
  /// Notes whether the program holds an object of the worker's, and has a call on one under way.
  void setObjects(Seat& seat, bool bound, bool serves);
  /// Notes what the job of a worker waits for.
  void setWaits(Seat& seat, WaitsFor what);
  enum class Called { no, yes };
  /// Notes whether jobs wait for this worker.
  void setCalled(Seat& seat, Called called);
  /// Notes that one of the jobs that a worker was given is one that every worker gets.
  void noteCommonJob(Seat& seat);
  /// Takes a worker whose job takes longer than it should out of the fillable ones, until its next
  /// report or look.
  void noteLate(Seat& seat);
  /// Notes that a crowded worker has been looked at, and when it is to be looked at again.
  void lookAgain(Seat& seat, TimePoint at);

  std::size_t size() const { return seats_.size(); }
  bool empty() const { return seats_.empty(); }
  /// The lowest number of a worker that has a seat.
  std::optional<std::uint64_t> oldest() const {
    return seats_.empty() ? std::nullopt : std::optional(seats_.begin()->first);
  }
  std::size_t count(WorkerState state) const { return counts_[index(state)].all; }
  /// How many serve or will: starting, idle and busy.
  std::size_t active() const { return size() - count(WorkerState::ending); }
  /// How many serve: idle and busy.
  std::size_t serving() const { return count(WorkerState::idle) + count(WorkerState::busy); }

  /// How many are to be replaced, in all and of one state.
  std::size_t departing() const;
  std::size_t departing(WorkerState state) const { return counts_[index(state)].departing; }
  std::size_t departingActive() const { return departing() - departing(WorkerState::ending); }
  /// How many of them take no further job.
  std::size_t waitingToGo() const { return waitingToGo_; }
  /// How many serve or will, and are not to be replaced.
  std::size_t staying() const { return active() - departingActive(); }
  /// An idle worker that is to be replaced, if possible one that takes no further job; null when
  /// all such workers are at work.
  Seat* firstReplaceable() { return replaceable_.empty() ? nullptr : &replaceable_.front(); }

  /// How many serve or will, and are kept from the pool's other jobs: they are leased, or at their
  /// last job. All, and of one state.
  std::size_t kept() const;
  std::size_t kept(WorkerState state) const { return counts_[index(state)].kept; }
  /// How many busy workers wait: for jobs that their jobs have called, and for anything.
  std::size_t waitingForChildren() const { return waitingForChildren_; }
  std::size_t waiting() const { return waitingForChildren_ + waitingForParent_; }
  /// How many busy workers have lent their places. Those that wait for the program have only when
  /// no worker is at work: the program answers soon, as a rule, and a place that is lent for that
  /// would cost a process. `most` is how many may wait at a time.
  std::size_t lent(std::size_t most) const {
    if (waitingForParent_ == 0) return waitingForChildren_;
    const bool stuck = count(WorkerState::busy) == waiting() && waiting() <= most;
    return waitingForChildren_ + (stuck ? waitingForParent_ : 0);
  }
  /// True once a worker has lent its place: more than the pool may have may be left.
  bool hasLent() const { return hasLent_; }
  /// True if workers serve, and each of them waits.
  bool allWait() const { return waiting() > 0 && waiting() == serving(); }

  /// How many serve or will, and are not.
  std::size_t shared() const { return active() - kept(); }

  /// Idle workers that may be given a job, in the order in which they became idle. Who takes the
  /// latest lets the surplus age at the other end, where pruning looks.
  std::size_t idle() const { return idle_.size(); }
  /// REQUIRES: idle() > 0.
  Seat& latestIdle() { return idle_.back(); }
  Seat& oldestIdle() { return idle_.front(); }
  /// Of these, those that have served nobody.
  std::size_t fresh() const { return fresh_.size(); }
  /// The one that has been idle longest of those that are not bound; null when there is none.
  Seat* oldestUnbound();
  /// The same, of those that have served somebody.
  Seat* oldestUsed();
  Seat* firstFresh() { return fresh_.empty() ? nullptr : &fresh_.front(); }

  /// The busy worker that has room for a batch and should be done soonest; null when there is none.
  Seat* soonestFillable() { return fillable_.empty() ? nullptr : &*fillable_.begin(); }
  /// How many workers have room for a batch, idle or busy.
  std::size_t withRoom() const { return idle_.size() + fillable_.size(); }

  /// Crowded workers hold a job that waits behind another. The one to be looked at first, and the
  /// one that should be busy longest; null when there is none.
  Seat* firstCrowded() { return crowded_.empty() ? nullptr : &*crowded_.begin(); }
  Seat* lastCrowded() { return crowded_.empty() ? nullptr : &*crowded_.rbegin(); }
  /// The one before it in that order; null when it is the first.
  Seat* crowdedBefore(Seat& seat);
  std::size_t crowded() const { return crowded_.size(); }

  /// Those that have begun to end, in the order of that.
  const List<&Seat::endingPlace>& endingSeats() const { return ending_; }
  /// All, by number.
  std::map<std::uint64_t, Seat>& seats() { return seats_; }
  const std::map<std::uint64_t, Seat>& seats() const { return seats_; }

 private:
  struct Sooner {
    bool operator()(const Seat& a, const Seat& b) const {
      return std::pair(a.load.expected, a.number) < std::pair(b.load.expected, b.number);
    }
  };
  struct LookedAtEarlier {
    bool operator()(const Seat& a, const Seat& b) const {
      return std::pair(a.lookAt, a.number) < std::pair(b.lookAt, b.number);
    }
  };
  struct Count {
    std::size_t all = 0;
    std::size_t departing = 0;
    std::size_t kept = 0;
  };
  static std::size_t index(WorkerState state) { return static_cast<std::size_t>(state); }

  void countIn(const Seat& seat);
  void countOut(const Seat& seat);
  void leaveSets(Seat& seat);
  void enterSets(Seat& seat);
  void line(Seat& seat);
  template <class Field>
  void set(Seat& seat, Field Seat::* field, Field value);
  void leaveLines(Seat& seat);

  std::map<std::uint64_t, Seat> seats_;
  std::array<Count, 4> counts_;  // by WorkerState
  std::size_t waitingToGo_ = 0;
  std::size_t waitingForChildren_ = 0;
  std::size_t waitingForParent_ = 0;
  bool hasLent_ = false;
  List<&Seat::idlePlace> idle_;
  List<&Seat::freshPlace> fresh_;
  List<&Seat::endingPlace> ending_;
  List<&Seat::replaceablePlace> replaceable_;  // first those that take no further job
  Set<&Seat::fillablePlace, Sooner> fillable_;
  Set<&Seat::crowdedPlace, LookedAtEarlier> crowded_;
};

}  // namespace phial::inline v1::detail
