// Staffing by itself, with workers of which the tests say what they report.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "master/pool/staffing.h"
#include "tests/support/loads.h"

namespace phial::detail {

inline constexpr Load kEnding{.state = WorkerState::ending};

inline DeathCertificate deathBy(DeathCause cause, ExitStatus status = Exited{1}) {
  DeathCertificate death;
  death.pid = 1;
  death.cause = cause;
  death.status = status;
  return death;
}

class StaffingTest : public ::testing::Test {
 protected:
  explicit StaffingTest(Staffing::Rules rules = {.min = 2, .max = 4}) : rules_(rules) {}

  Staffing& staffing() {
    if (!staffing_) staffing_.emplace(roster_, rules_, 5);
    return *staffing_;
  }
  Seat& start(Load load = {}) {
    Seat& seat = staffing().started(++last_, nullptr);
    set(seat, load);
    return seat;
  }
  Seat& ready() {
    Seat& seat = start(kIdleLoad);
    staffing().noteReady(seat.number);
    return seat;
  }
  void startMany(std::size_t workers, Load load) {
    for (std::size_t i = 0; i < workers; ++i) start(load);
  }
  void set(Seat& seat, Load load) { roster_.update(seat, load, {now_, now_}); }
  bool dies(Seat& seat, DeathCertificate death) {
    death.worker = seat.number;
    roster_.remove(seat);
    return staffing().noteDeath(death, now_);
  }
  bool failsToStart() { return dies(start(), deathBy(DeathCause::startup)); }
  /// Lets so many starts fail, each as soon as it is allowed. Returns whether the last was the one
  /// that is given up at.
  bool failToStart(unsigned times) {
    bool givenUp = false;
    for (unsigned i = 0; i < times; ++i) {
      now_ = std::max(now_, staffing().nextStart());
      givenUp = failsToStart();
    }
    return givenUp;
  }

  Staffing::Rules rules_;
  Roster roster_;
  TimePoint now_{std::chrono::seconds(1000)};
  std::uint64_t last_ = 0;
  std::optional<Staffing> staffing_;
};

}  // namespace phial::detail
