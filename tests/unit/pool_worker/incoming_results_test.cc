#include "master/worker/incoming_results.h"

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <phial/protocol/result_memory.h>

#include <cstring>
#include <vector>

#include "tests/unit/pool_worker/page_fixture.h"

namespace phial::detail {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class IncomingResultsTest : public PageFixture {
 protected:
  ~IncomingResultsTest() noexcept override = default;

  /// The worker leaves a result of `claimed` in the slot of `id`.
  void leave(std::uint64_t id, std::uint64_t claimed) {
    capnp::MallocMessageBuilder message;
    message.initRoot<schema::JobResult>().setId(claimed);
    const auto segment = message.getSegmentsForOutput()[0];
    auto room = writer_.room(segment.size());
    std::memcpy(room.asBytes().begin(), segment.begin(), segment.asBytes().size());
    writer_.place(jobs_.slotNumber(*jobs_.find(id)), static_cast<std::uint32_t>(segment.size()));
    deliver(id);
  }

  /// Settles each result, as whoever reads them does. Returns the jobs; the fault is in fault_.
  template <class Results>
  std::vector<std::uint64_t> readAll(Results results) {
    std::vector<std::uint64_t> jobs;
    while (const auto incoming = results.next()) {
      jobs.push_back(incoming->result.getId());
      jobs_.settle(incoming->place, InFlight::Held::answered);
    }
    fault_ = results.fault();
    return jobs;
  }
  /// An answer with the result of this job; 0: without a result.
  std::vector<std::uint64_t> readAnswer(std::uint64_t id) {
    capnp::MallocMessageBuilder message;
    auto answer = message.initRoot<schema::Worker::RunResults>();
    if (id != 0) answer.initResult().setId(id);
    return readAll(AnsweredResult(jobs_, page_, answer.asReader()));
  }

  ResultWriter writer_{worker_.results()};
  std::string fault_;
};

TEST_F(IncomingResultsTest, AnAnswerBringsTheResultOfAJobThatHasBegun) {
  send({1, 2});
  begin(1);
  EXPECT_THAT(readAnswer(1), ElementsAre(1));
  EXPECT_EQ(fault_, "");
  EXPECT_THAT(readAnswer(0), IsEmpty()) << "all results were in memory";
  EXPECT_EQ(fault_, "");
}

TEST_F(IncomingResultsTest, AnAnswerToAJobThatHasNotBegunOrIsNotHeldIsWrong) {
  send({1, 2});
  begin(1);
  EXPECT_THAT(readAnswer(2), IsEmpty());
  EXPECT_EQ(fault_, "it answered a job that it was not given");
  EXPECT_THAT(readAnswer(1), ElementsAre(1));
  EXPECT_THAT(readAnswer(1), IsEmpty()) << "answered twice";
  EXPECT_EQ(fault_, "it answered a job that it was not given");
  EXPECT_THAT(readAnswer(77), IsEmpty());
  EXPECT_EQ(fault_, "it answered a job that it was not given");
}

TEST_F(IncomingResultsTest, DeliveredResultsAreReadUpToTheFirstThatIsNot) {
  send({1, 2, 3, 4});
  page_.takeBack(*jobs_.find(2));
  for (const std::uint64_t id : {1, 3, 4}) begin(id);
  leave(1, 1);
  leave(4, 4);
  EXPECT_THAT(readAll(DeliveredResults(jobs_, page_, 0)), ElementsAre(1))
      << "the answer brings the third, which goes before the fourth";
  leave(3, 3);
  EXPECT_THAT(readAll(DeliveredResults(jobs_, page_, 0)), ElementsAre(3, 4));
  EXPECT_EQ(fault_, "");
}

TEST_F(IncomingResultsTest, AResultOfAnotherJobIsWrong) {
  send({1, 2});
  begin(1);
  leave(1, 2);
  EXPECT_THAT(readAll(DeliveredResults(jobs_, page_, 0)), IsEmpty());
  EXPECT_EQ(fault_, "it answered a job with the result of another");
}

TEST_F(IncomingResultsTest, AResultOutsideOfItsMemoryIsWrong) {
  send({1});
  begin(1);
  worker_.results().places[0].offset = ResultMemory::kBatchWords - 1;
  worker_.results().places[0].words = 2;
  deliver(1);
  EXPECT_THAT(readAll(DeliveredResults(jobs_, page_, 0)), IsEmpty());
  EXPECT_EQ(fault_, "it placed a result outside of the memory for results");
}

}  // namespace
}  // namespace phial::detail
