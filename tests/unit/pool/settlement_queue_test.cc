#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/error.h>

#include <string>
#include <vector>

#include "master/pool/settlement_queue.h"
#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

/// Notes its end.
class NotedJob final : public TypedJob<void> {
 public:
  NotedJob(Job::Ticket ticket, std::vector<std::string>& notes)
      : TypedJob(ticket, {}, kSomeFunction, {}), notes_(notes) {
    outcome.emplace();
  }
  ~NotedJob() override { notes_.push_back(std::to_string(id) + " gone"); }

 private:
  std::vector<std::string>& notes_;
};

class SettlementQueueTest : public ::testing::Test {
 protected:
  Ref<Job> job(std::uint64_t number) {
    Ref<Job> job(new NotedJob({owner_, number}, notes_));
    const auto name = std::to_string(number);
    Access::wrap<void>(Chain::pending(Ref<Source>(job)))
        .addCallbacks([this, name] { notes_.push_back(name + " succeeded"); },
                      [this, name](const Failure& failure) {
                        notes_.push_back(name + " failed: " + failure.message());
                      });
    return job;
  }
  Resolver<void> wait(const std::string& name) {
    auto [deferred, resolver] = newDeferred<void>();
    std::move(deferred)
        .addCallback([this, name] { notes_.push_back(name + " fired"); })
        .addErrback([this, name](const Failure& f) { notes_.push_back(name + " " + f.message()); });
    return std::move(resolver);
  }

  NotingOwner owner_;
  std::vector<std::string> notes_;
  SettlementQueue queue_;
};

TEST_F(SettlementQueueTest, NobodyIsToldBeforeItsTurn) {
  queue_.succeed(job(1));
  queue_.succeed(wait("start"));
  EXPECT_THAT(notes_, ElementsAre());
  EXPECT_FALSE(queue_.empty());
  queue_.deliverNext();
  EXPECT_THAT(notes_, ElementsAre("1 succeeded", "1 gone"));
  queue_.deliverNext();
  EXPECT_TRUE(queue_.empty());
}

TEST_F(SettlementQueueTest, EachIsToldItsOwnOutcomeInOrder) {
  queue_.fail(wait("start"), Failure(PoolStopped("no more")));
  queue_.fail(job(1), Failure(QueueFull("too many")));
  queue_.succeed(wait("stop"));
  queue_.succeed(job(2));
  while (!queue_.empty()) queue_.deliverNext();
  EXPECT_THAT(notes_, ElementsAre("start no more", "1 failed: too many", "1 gone", "stop fired",
                                  "2 succeeded", "2 gone"));
}

TEST_F(SettlementQueueTest, WhoIsToldMayAddMore) {
  auto [deferred, resolver] = newDeferred<void>();
  std::move(deferred).addCallback([this] { queue_.succeed(job(7)); });
  queue_.succeed(std::move(resolver));
  queue_.deliverNext();
  EXPECT_FALSE(queue_.empty());
  queue_.deliverNext();
  EXPECT_THAT(notes_, ElementsAre("7 succeeded", "7 gone"));
}

}  // namespace
}  // namespace phial::detail
