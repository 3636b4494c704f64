// What the tests of warm pools share.
#pragma once

#include <phial/master/pool_observer.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/pool/pool_fixture.h"
#include "tests/support/process_stat.h"
#include "warm_jobs.h"

namespace phial {

/// Names the file that the processes of a master that is to be killed write their numbers into.
inline constexpr const char* kWarmMasterVariable = "PHIAL_TEST_WARM_MASTER";
inline constexpr int kWarmMasterWorkers = 3;
/// Makes a warm pool and runs until it is killed.
void runWarmMaster();

class WarmPoolTest : public PoolTest {
 protected:
  /// Keeps each certificate.
  class Deaths final : public PoolObserver {
   public:
    void workerDied(const DeathCertificate& death) override { all.push_back(death); }
    std::vector<DeathCertificate> all;
  };

  ProcessPool& warmPool(PoolOptions options, Clock* clock = nullptr) {
    options.name = "warm";
    makePool(std::move(options), clock);
    deaths_ = std::make_shared<Deaths>();
    observation_ = pool_->observe(deaths_);
    return *pool_;
  }
  /// A pool whose template notes itself in notes_.
  ProcessPool& loadingPool(std::size_t workers = 1) {
    return warmPool(
        {.min = workers, .max = workers, .warm = prepareWith<warm_jobs::load>(notes_, "ready")});
  }
  std::vector<pid_t> notes() const {
    std::ifstream file(notes_);
    std::vector<pid_t> numbers;
    for (pid_t number = 0; file >> number;) numbers.push_back(number);
    return numbers;
  }

  /// Children of this process that are not workers yet: "template" leads a group, spares are of it.
  struct Family {
    pid_t leader = 0;
    std::vector<pid_t> spares;
  };
  static Family family() {
    Family found;
    std::multimap<pid_t, pid_t>
        spares;  // by their group: one of another template may still be dying
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const pid_t pid = std::atoi(entry.path().filename().c_str());
      const auto stat = pid > 0 ? statOf(pid) : std::nullopt;
      if (!stat || stat->parent != ::getpid() || stat->state == 'Z') continue;
      std::string name;
      std::getline(std::ifstream(entry.path() / "comm"), name);
      if (name != "warm/template") continue;
      if (stat->group == pid) {
        found.leader = pid;
      } else {
        spares.emplace(stat->group, pid);
      }
    }
    const auto [begin, end] = spares.equal_range(found.leader);
    for (auto spare = begin; spare != end; ++spare) found.spares.push_back(spare->second);
    return found;
  }
  /// Waits until the template has a spare.
  Family awaitSpare() {
    Family found;
    runUntil([&] {
      found = family();
      return found.leader != 0 && found.spares.size() == 1;
    });
    return found;
  }
  /// Kills the template, and returns its number when it is gone.
  pid_t killTemplate() {
    const pid_t leader = awaitSpare().leader;
    EXPECT_EQ(::kill(leader, SIGKILL), 0);
    runUntil([&] { return family().leader != leader; });
    return leader;
  }
  /// Kills worker number `index` of workers(), and waits until the pool knows.
  void killWorker(std::size_t index = 0) {
    const auto before = deaths_->all.size();
    ASSERT_EQ(::kill(pool_->workers().at(index).pid, SIGKILL), 0);
    runUntil([&] { return deaths_->all.size() > before; });
  }
  std::string stateOf() { return valueOf(pool_->deferToProcess<warm_jobs::state>()); }

  const std::string notes_ = directory_ + "/notes";
  std::shared_ptr<Deaths> deaths_;
  Observation observation_;
};

}  // namespace phial
