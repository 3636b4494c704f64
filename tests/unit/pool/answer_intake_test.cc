#include "master/pool/answer_intake.h"

#include <capnp/message.h>
#include <phial/protocol/failure_codec.h>

#include "tests/unit/pool/parts_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class AnswerIntakeTest : public PartsTest {
 protected:
  ~AnswerIntakeTest() noexcept override = default;

  schema::JobResult::Builder resultOf(std::uint64_t id) {
    auto result = message_.initRoot<schema::JobResult>();
    result.setId(id);
    return result;
  }
  void setTimes(schema::JobResult::Builder result, TimePoint started, Duration run) {
    result.setStartedNanoseconds(started.time_since_epoch().count());
    result.setRunNanoseconds(static_cast<std::uint64_t>(run.count()));
  }
  void answer(schema::JobResult::Builder result) {
    intake_.answered({result.asReader(), nullptr, files_});
    deliverAll();
  }
  std::optional<Duration> learned() { return schedule_.expectation(enter()); }

  capnp::MallocMessageBuilder message_;
  ResultFiles files_;
  FakeWorker worker_{workerOwner_, world_, 1};
  Roster roster_;
  Schedule schedule_{roster_, books_.queue(), books_.placed(), 1};
  BoundObjects objects_{[](std::uint64_t, const ObjectBoundary::Use&) {}};
  AnswerIntake intake_{reactor_, books_, schedule_, objects_};
};

TEST_F(AnswerIntakeTest, AResultEndsItsJob) {
  enterAndSend(worker_);
  auto result = resultOf(1);
  result.initValue().setVoid();
  answer(result);
  EXPECT_TRUE(succeeded(1));
  EXPECT_EQ(books_.running(), 0U);
}

TEST_F(AnswerIntakeTest, AFailureOfTheFunctionIsTheJobs) {
  enterAndSend(worker_);
  auto result = resultOf(1);
  encodeFailure(Failure(std::out_of_range("too far")), result.initFailure());
  answer(result);
  EXPECT_EQ(failure(1).message(), "too far");
}

TEST_F(AnswerIntakeTest, AResultThatCannotBeReadFailsItsJobByName) {
  enterAndSend(worker_);
  auto result = resultOf(1);
  result.initValue().setBool(true);
  answer(result);
  EXPECT_TRUE(failure(1).check<EncodingError>());
  EXPECT_THAT(failure(1).message(), ::testing::StartsWith("the result of some cannot be read"));
}

TEST_F(AnswerIntakeTest, AResultWhoseFilesDidNotComeFailsItsJobWithTheReason) {
  enterAndSend(worker_);
  auto result = resultOf(1);
  result.initValue().setVoid();
  result.setFiles(1);
  files_.missing = std::make_exception_ptr(EncodingError("the socket has closed"));
  answer(result);
  EXPECT_TRUE(failure(1).check<EncodingError>());
  EXPECT_THAT(failure(1).message(), ::testing::HasSubstr("the socket has closed"));
}

TEST_F(AnswerIntakeTest, AResultForWhichNobodyWaitsIsDropped) {
  cancel(enterAndSend(worker_));
  auto result = resultOf(1);
  result.initValue().setVoid();
  answer(result);
  EXPECT_EQ(books_.ledger()[Ledger::Column::succeeded], 0U);
}

TEST_F(AnswerIntakeTest, TheTimeInTheFunctionIsLearned) {
  enterAndSend(worker_);
  auto result = resultOf(1);
  result.initValue().setVoid();
  setTimes(result, reactor_.now(), Duration(1));
  answer(result);
  EXPECT_EQ(intake_.runTime().count(), 1U);
  EXPECT_NE(learned(), std::nullopt);
}

TEST_F(AnswerIntakeTest, ATimeThatCannotBeIsNotBelieved) {
  enterAndSend(worker_);
  enterAndSend(worker_);
  auto early = resultOf(1);
  early.initValue().setVoid();
  setTimes(early, reactor_.now() - hours(1), milliseconds(1));
  answer(early);
  auto late = resultOf(2);
  late.initValue().setVoid();
  setTimes(late, reactor_.now(), hours(1));
  answer(late);
  EXPECT_TRUE(succeeded(1));
  EXPECT_TRUE(succeeded(2));
  EXPECT_EQ(intake_.runTime().count(), 0U);
  EXPECT_EQ(learned(), std::nullopt);
}

}  // namespace
}  // namespace phial::detail
