#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/error.h>

#include <string>
#include <vector>

#include "master/pool/settlement_queue.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

/// Notes what it is told.
class NotedJob final : public Job {
 public:
  NotedJob(std::uint64_t number, std::vector<std::string>& notes)
      : Job(number, {}), notes_(notes) {}
  ~NotedJob() override { note("gone"); }

  FunctionName function() const override { return {"noted", {}}; }
  std::uint64_t argumentWords() const override { return 0; }
  unsigned argumentCount() const override { return 0; }
  void encodeArguments(capnp::List<schema::Value>::Builder) const override {}
  std::shared_ptr<const void> arguments() const override { return nullptr; }
  void accept(schema::Value::Reader) override {}
  void succeed() override { note("succeeded"); }
  void fail(Failure failure) override { note("failed: " + failure.message()); }

 private:
  void note(const std::string& what) { notes_.push_back(std::to_string(id) + " " + what); }

  std::vector<std::string>& notes_;
};

class SettlementQueueTest : public ::testing::Test {
 protected:
  std::unique_ptr<Job> job(std::uint64_t number) {
    return std::make_unique<NotedJob>(number, notes_);
  }
  Resolver<void> wait(const std::string& name) {
    auto [deferred, resolver] = newDeferred<void>();
    deferred.addCallback([this, name] { notes_.push_back(name + " fired"); })
        .addErrback([this, name](const Failure& f) { notes_.push_back(name + " " + f.message()); });
    return std::move(resolver);
  }

  std::vector<std::string> notes_;
  SettlementQueue queue_;
};

TEST_F(SettlementQueueTest, NobodyIsToldBeforeItsTurn) {
  queue_.succeed(job(1));
  queue_.succeed(wait("start"));
  EXPECT_THAT(notes_, ElementsAre());
  EXPECT_FALSE(queue_.empty());
  queue_.tellNext();
  EXPECT_THAT(notes_, ElementsAre("1 succeeded", "1 gone"));
  queue_.tellNext();
  EXPECT_TRUE(queue_.empty());
}

TEST_F(SettlementQueueTest, EachIsToldItsOwnOutcomeInOrder) {
  queue_.fail(wait("start"), Failure(PoolStopped("no more")));
  queue_.fail(job(1), Failure(QueueFull("too many")));
  queue_.succeed(wait("stop"));
  queue_.succeed(job(2));
  while (!queue_.empty()) queue_.tellNext();
  EXPECT_THAT(notes_, ElementsAre("start no more", "1 failed: too many", "1 gone", "stop fired",
                                  "2 succeeded", "2 gone"));
}

TEST_F(SettlementQueueTest, WhoIsToldMayAddMore) {
  auto [deferred, resolver] = newDeferred<void>();
  deferred.addCallback([this] { queue_.succeed(job(7)); });
  queue_.succeed(std::move(resolver));
  queue_.tellNext();
  EXPECT_FALSE(queue_.empty());
  queue_.tellNext();
  EXPECT_THAT(notes_, ElementsAre("7 succeeded", "7 gone"));
}

}  // namespace
}  // namespace phial::detail
