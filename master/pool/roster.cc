#include "master/pool/roster.h"

#include <phial/protocol/saturating_time.h>

#include <algorithm>
#include <chrono>

#include "master/pool/schedule.h"

namespace phial::inline v1::detail {
namespace {

// Whether a job that any worker may run may run here.
bool isForAll(const Seat& seat) {
  return !seat.kept() && !seat.called && !seat.servesObject && seat.waits == WaitsFor::nothing;
}

bool isIdle(const Seat& seat) {
  return seat.load.state == WorkerState::idle && seat.departure != Departure::waits &&
         isForAll(seat);
}

bool isFresh(const Seat& seat) { return isIdle(seat) && seat.load.given <= seat.common; }

bool isReplaceable(const Seat& seat) {
  return seat.load.state == WorkerState::idle && seat.departure != Departure::none &&
         isForAll(seat) && !seat.bound;
}

bool isFillable(const Seat& seat) {
  return isForAll(seat) && seat.load.state == WorkerState::busy && seat.load.room && !seat.late &&
         seat.departure != Departure::waits && seat.jobsLeft() > 0;
}

bool isCrowded(const Seat& seat) {
  return seat.load.state == WorkerState::busy && seat.load.held > 1;
}

template <class Line>
void stand(Line& line, Seat& seat, const auto& place, bool in) {
  if (in == place.is_linked()) return;
  if (in) {
    line.push_back(seat);
  } else {
    line.erase(line.iterator_to(seat));
  }
}

}  // namespace

Seat& Roster::add(std::uint64_t number, std::shared_ptr<PoolWorker> worker, std::uint64_t quota) {
  Seat& seat =
      seats_
          .emplace_hint(seats_.end(), std::piecewise_construct, std::forward_as_tuple(number),
                        std::forward_as_tuple(number, std::move(worker)))
          ->second;
  seat.quota = quota;
  countIn(seat);
  return seat;
}

void Roster::remove(Seat& seat) {
  countOut(seat);
  leaveSets(seat);
  leaveLines(seat);
  seats_.erase(seats_.find(seat.number));
}

void Roster::clear() {
  while (!seats_.empty()) remove(seats_.begin()->second);
}

Seat* Roster::find(std::uint64_t number) {
  const auto found = seats_.find(number);
  return found == seats_.end() ? nullptr : &found->second;
}

void Roster::update(Seat& seat, const Load& load, Now now) {
  if (seat.load == load) return;
  countOut(seat);
  leaveSets(seat);
  if (load.state == WorkerState::idle && seat.load.state != WorkerState::idle) {
    seat.idleSince = now.pool;
  }
  seat.load = load;
  seat.late = false;
  // The answer is on its way for a moment, and the look costs something: it comes a little later.
  const Duration next = load.next == Duration::max() ? kPrefetchWork : load.next;
  seat.lookAt = saturatingAdd(now.reactor, saturatingAdd(next, kLookPause));
  countIn(seat);
  enterSets(seat);
  line(seat);
}

void Roster::setDeparture(Seat& seat, Departure departure) {
  if (seat.departure == departure) return;
  countOut(seat);
  leaveSets(seat);
  stand(replaceable_, seat, seat.replaceablePlace, false);
  seat.departure = departure;
  countIn(seat);
  enterSets(seat);
  line(seat);
}

template <class Field>
void Roster::set(Seat& seat, Field Seat::* field, Field value) {
  if (seat.*field == value) return;
  countOut(seat);
  leaveSets(seat);
  seat.*field = value;
  countIn(seat);
  enterSets(seat);
  line(seat);
}

void Roster::setLease(Seat& seat, std::uint64_t lease) { set(seat, &Seat::lease, lease); }
void Roster::setLast(Seat& seat) { set(seat, &Seat::last, true); }
void Roster::setObjects(Seat& seat, bool bound, bool serves) {
  set(seat, &Seat::bound, bound);
  set(seat, &Seat::servesObject, serves);
}

void Roster::setWaits(Seat& seat, WaitsFor what) {
  if (what != WaitsFor::nothing) hasLent_ = true;
  set(seat, &Seat::waits, what);
}

void Roster::setCalled(Seat& seat, Called called) {
  set(seat, &Seat::called, called == Called::yes);
}

void Roster::noteCommonJob(Seat& seat) {
  if (seat.quota != Seat::kNoQuota) ++seat.quota;
  set(seat, &Seat::common, seat.common + 1);
}

void Roster::noteLate(Seat& seat) {
  seat.late = true;
  if (seat.fillablePlace.is_linked()) fillable_.erase(fillable_.iterator_to(seat));
}

void Roster::lookAgain(Seat& seat, TimePoint at) {
  leaveSets(seat);
  seat.lookAt = at;
  seat.late = false;
  enterSets(seat);
}

std::size_t Roster::kept() const {
  return kept(WorkerState::starting) + kept(WorkerState::idle) + kept(WorkerState::busy);
}

Seat* Roster::oldestUsed() {
  for (Seat& seat : idle_) {
    if (!seat.freshPlace.is_linked() && !seat.bound) return &seat;
  }
  return nullptr;
}

Seat* Roster::oldestUnbound() {
  for (Seat& seat : idle_) {
    if (!seat.bound) return &seat;
  }
  return nullptr;
}

std::size_t Roster::departing() const {
  std::size_t sum = 0;
  for (const Count& count : counts_) sum += count.departing;
  return sum;
}

Seat* Roster::crowdedBefore(Seat& seat) {
  auto place = crowded_.iterator_to(seat);
  return place == crowded_.begin() ? nullptr : &*--place;
}

void Roster::countIn(const Seat& seat) {
  Count& count = counts_[index(seat.load.state)];
  ++count.all;
  if (seat.load.state == WorkerState::busy) {
    if (seat.waits == WaitsFor::children) ++waitingForChildren_;
    if (seat.waits == WaitsFor::parent) ++waitingForParent_;
  }
  if (seat.kept()) ++count.kept;
  if (seat.departure != Departure::none) ++count.departing;
  if (seat.departure == Departure::waits) ++waitingToGo_;
}

void Roster::countOut(const Seat& seat) {
  Count& count = counts_[index(seat.load.state)];
  --count.all;
  if (seat.load.state == WorkerState::busy) {
    if (seat.waits == WaitsFor::children) --waitingForChildren_;
    if (seat.waits == WaitsFor::parent) --waitingForParent_;
  }
  if (seat.kept()) --count.kept;
  if (seat.departure != Departure::none) --count.departing;
  if (seat.departure == Departure::waits) --waitingToGo_;
}

void Roster::leaveSets(Seat& seat) {
  if (seat.fillablePlace.is_linked()) fillable_.erase(fillable_.iterator_to(seat));
  if (seat.crowdedPlace.is_linked()) crowded_.erase(crowded_.iterator_to(seat));
}

void Roster::enterSets(Seat& seat) {
  if (isFillable(seat)) fillable_.insert(seat);
  if (isCrowded(seat)) crowded_.insert(seat);
}

// Puts it into the lists where it belongs; where it stands already, it keeps its place.
void Roster::line(Seat& seat) {
  stand(idle_, seat, seat.idlePlace, isIdle(seat));
  stand(fresh_, seat, seat.freshPlace, isFresh(seat));
  stand(ending_, seat, seat.endingPlace, seat.load.state == WorkerState::ending);
  if (seat.departure == Departure::waits && isReplaceable(seat) &&
      !seat.replaceablePlace.is_linked()) {
    replaceable_.push_front(seat);
  }
  stand(replaceable_, seat, seat.replaceablePlace, isReplaceable(seat));
}

void Roster::leaveLines(Seat& seat) {
  stand(idle_, seat, seat.idlePlace, false);
  stand(fresh_, seat, seat.freshPlace, false);
  stand(ending_, seat, seat.endingPlace, false);
  stand(replaceable_, seat, seat.replaceablePlace, false);
}

}  // namespace phial::inline v1::detail
