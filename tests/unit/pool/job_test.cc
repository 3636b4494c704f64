#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/master/detail/job.h>
#include <phial/protocol/argument_message.h>
#include <phial/protocol/error.h>
#include <phial/protocol/value_capnp.h>

#include <capnp/message.h>
#include <array>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "master/pool/job_entry.h"
#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobTest : public ::testing::Test {
 protected:
  template <class R>
  std::string outcomeOf(Deferred<R>& deferred) {
    std::string told = "pending";
    std::move(deferred).addCallbacks([&](R value) { told = std::to_string(value); },
                                     [&](const Failure& failure) { told = failure.type(); });
    return told;
  }
  // A result as it comes from a worker.
  static void accept(Job& job, int value) {
    capnp::MallocMessageBuilder message;
    auto result = message.initRoot<schema::Value>();
    encode(value, result);
    job.accept(readerOf(result.asReader()));
  }

  NotingOwner owner_;
};

TEST_F(JobTest, AResultIsToldWhenItIsTime) {
  const auto job = makeJob<int>(owner_, 1);
  auto deferred = deferredOf(job);
  accept(*job, 7);
  EXPECT_FALSE(deferred.called());
  job->succeed();
  EXPECT_EQ(outcomeOf(deferred), "7");
}

TEST_F(JobTest, AFailureTakesThePlaceOfAnAcceptedResult) {
  const auto job = makeJob<int>(owner_, 1);
  auto deferred = deferredOf(job);
  accept(*job, 7);
  job->refuse(Failure(EncodingError("no")));
  EXPECT_EQ(outcomeOf(deferred), "phial::EncodingError");
}

TEST_F(JobTest, CancellingTellsTheOwnerOnceAndWhatComesLaterIsNotHeard) {
  const auto job = makeJob<int>(owner_, 5);
  auto deferred = deferredOf(job);
  accept(*job, 7);
  deferred.cancel();
  EXPECT_THAT(owner_.cancelled, ElementsAre(5));
  job->succeed();
  job->refuse(Failure(EncodingError("no")));
  deferred.cancel();
  EXPECT_EQ(outcomeOf(deferred), "phial::CancelledError");
  EXPECT_THAT(owner_.cancelled, ElementsAre(5));
}

TEST_F(JobTest, CallbacksRunThoughNobodyHoldsTheDeferred) {
  std::vector<int> results;
  const auto job = makeJob<int>(owner_, 1);
  deferredOf(job).addCallback([&](int value) { results.push_back(value); });
  accept(*job, 7);
  EXPECT_THAT(results, IsEmpty());
  job->succeed();
  EXPECT_THAT(results, ElementsAre(7));
}

TEST_F(JobTest, ASettledJobLetsGoOfItsArgumentsThoughTheResultIsKept) {
  const auto job = makeJob<int>(owner_, 1, std::vector<int>(1000));
  auto deferred = deferredOf(job);
  const std::weak_ptr<const void> arguments = job->arguments();
  EXPECT_FALSE(arguments.expired());
  accept(*job, 7);
  job->succeed();
  EXPECT_TRUE(arguments.expired());
  EXPECT_EQ(outcomeOf(deferred), "7");
}

TEST_F(JobTest, ArgumentsThatAreHeldOutliveTheJob) {
  auto job = makeJob<int>(owner_, 1, std::vector<int>{1, 2, 3});
  const auto held = std::static_pointer_cast<const std::tuple<std::vector<int>>>(job->arguments());
  job = {};
  EXPECT_THAT(std::get<0>(*held), ElementsAre(1, 2, 3));
}

TEST_F(JobTest, SmallPlainArgumentsLieInTheJob) {
  EXPECT_EQ(makeJob<int>(owner_, 1, 1, 2.5)->arguments(), nullptr);
  EXPECT_NE(makeJob<int>(owner_, 1, std::array<int, 100>{})->arguments(), nullptr);
  EXPECT_NE(makeJob<int>(owner_, 1, std::string("text"))->arguments(), nullptr);
}

TEST_F(JobTest, ArgumentsThatWouldHoldUpTheLoopAreWrittenAside) {
  using Strings = std::vector<std::string>;
  EXPECT_FALSE(makeJob<int>(owner_, 1, 7)->writtenAside());
  EXPECT_FALSE(makeJob<int>(owner_, 1, std::string("text"))->writtenAside());
  EXPECT_FALSE(makeJob<int>(owner_, 1, Strings(1000))->writtenAside());
  EXPECT_FALSE(makeJob<int>(owner_, 1, std::vector<double>(10'000'000))->writtenAside())
      << "refers to the numbers where they lie";
  EXPECT_TRUE(makeJob<int>(owner_, 1, Strings(100'000))->writtenAside());
}

TEST_F(JobTest, WhatIsWrittenAsideNeedsTheJobNoLonger) {
  const std::vector<std::string> texts(100'000, "text");
  auto job = makeJob<int>(owner_, 1, texts, 7);
  const auto writing = job->beginWriting(std::uint64_t{1} << 30);
  job = {};
  EXPECT_EQ(writing->where(), SteppedWork::Where::beside);
  while (!writing->step()) {
  }
  const auto message = writing->take();
  const auto arguments =
      message->getRoot<capnp::AnyPointer>().asReader().getAs<capnp::List<schema::Value>>();
  ASSERT_EQ(arguments.size(), 2u);
  EXPECT_EQ(decode<std::vector<std::string>>(arguments[0]), texts);
  EXPECT_EQ(decode<int>(arguments[1]), 7);
}

TEST_F(JobTest, ItEndsWhereItWouldBeTooLarge) {
  const auto job = makeJob<int>(owner_, 1, std::vector<std::string>(100'000, "text"));
  const auto writing = job->beginWriting(1 << 20);
  while (!writing->step()) {
  }
  EXPECT_THROW(writing->take(), EncodingError);
}

// What a million queued jobs are paid for in; more of it is to be a decision.
TEST_F(JobTest, AQueuedJobIsSmall) {
  EXPECT_LE(sizeof(TypedJob<void>), 88U);
  EXPECT_LE(sizeof(TypedJob<int, int>), 104U);
  EXPECT_LE(sizeof(Chain), 56U);
  EXPECT_LE(sizeof(JobEntry), 40U);
}

}  // namespace
}  // namespace phial::detail
