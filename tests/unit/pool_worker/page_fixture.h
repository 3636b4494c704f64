// A control page without a worker: the test writes there what a worker would.
#pragma once

#include <gtest/gtest.h>
#include <phial/master/clock.h>
#include <phial/protocol/control_page.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <vector>

#include "master/worker/in_flight.h"
#include "master/worker/worker_page.h"

namespace phial::detail {

class PageFixture : public ::testing::Test {
 protected:
  ~PageFixture() noexcept override = default;

  /// Sends jobs of these numbers as one batch.
  void send(const std::vector<std::uint64_t>& ids, TimePoint now = {}) {
    const unsigned first = jobs_.nextSlot();
    std::vector<InFlight::Job> sent;
    for (const auto id : ids) {
      page_.offer(first + static_cast<unsigned>(sent.size()), id);
      sent.push_back({id, 0, {}});
    }
    jobs_.add(std::move(sent), now, std::chrono::microseconds(1));
  }
  /// The worker enters the function of this job.
  void begin(std::uint64_t id) {
    ASSERT_TRUE(claim(id));
    worker().job = id;
    worker().phase = Phase::running;
    worker().startedNanos = controlPageNanos();
  }
  bool claim(std::uint64_t id) { return slotOf(id).claim(id); }
  void deliver(std::uint64_t id) { slotOf(id).deliver(id); }

  JobSlot& slotOf(std::uint64_t id) {
    const auto place = jobs_.find(id);
    if (!place) throw std::logic_error("no such job is held");
    return worker().slots[jobs_.slotNumber(*place)];
  }
  std::uint64_t idAt(std::optional<InFlight::Place> place) const {
    return place ? jobs_.job(*place).id : 0;
  }
  /// The page as the worker maps it.
  ControlPage& worker() { return worker_.page(); }

  InFlight jobs_;
  WorkerPage page_{jobs_};
  ControlPageMapping worker_ = ControlPageMapping::adopt(::dup(page_.fd()));
};

}  // namespace phial::detail
