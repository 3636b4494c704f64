// A pool of two workers that are no processes, both of which may be leased.
#pragma once

#include <phial/master/lease.h>
#include <phial/master/scope.h>

#include <csignal>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/pool/conductor_fixture.h"

namespace phial::detail {

class LeasesTest : public ConductorTest {
 protected:
  LeasesTest() : ConductorTest({.min = 2, .max = 2}) { options_.maxLeases = 2; }
  // What still waits is told so, while there is somebody to hear it.
  ~LeasesTest() override {
    if (core_) core_->close();
  }

  struct Asked {
    Deferred<void> got;
    std::optional<Lease> lease;
    std::optional<Failure> failure;
  };
  /// Asks for a lease, which is kept in the result when it is there.
  Asked& ask(LeaseOptions options = {}) {
    Asked& asked = asked_.emplace_back();
    asked.got = pool().lease(options).addCallbacks(
        [&asked](Lease lease) { asked.lease = std::move(lease); },
        [&asked](const Failure& failure) { asked.failure = failure; });
    turn();
    return asked;
  }
  FakeWorker& workerOf(const Asked& asked) { return worker(asked.lease->worker()); }
  /// A job on the lease; its end is at this number in ends_.
  std::size_t run(const Lease& lease, JobOptions options = {}) {
    const std::size_t number = ends_.size();
    ends_.emplace_back();
    deferreds_.push_back(lease.with(std::move(options))
                             .deferToProcess<void>("some")
                             .addBoth([this, number](Outcome<void> outcome) {
                               ends_[number].emplace(std::move(outcome));
                             }));
    return number;
  }
  std::size_t run(const Asked& asked) { return run(*asked.lease); }
  std::string overOf(const Lease& lease) {
    const auto text = std::make_shared<std::string>("pending");
    lease.whenOver().addCallbacks([=] { *text = "released"; },
                                  [=](const Failure& failure) { *text = failure.type(); });
    turn();
    return *text;
  }

  std::deque<Asked> asked_;
  std::set<std::size_t> gone_;  // workers that have ended
};

}  // namespace phial::detail
