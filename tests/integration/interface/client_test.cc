// Calls of a Cap'n Proto interface that run in the workers of a pool.
#include "client_fixture.h"

namespace phial {
namespace {

using namespace std::chrono_literals;

TEST_F(ClientTest, ACallRunsInAWorker) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  EXPECT_EQ(responseOf(add(studio, 20, 22)).getSum(), 42);
  EXPECT_NE(responseOf(studio.whoAmIRequest().send()).getPid(), ::getpid());
  EXPECT_EQ(pool_->stats().succeeded, 2U);
}

TEST_F(ClientTest, ThousandCallsAtATimeAreSpreadOverFourWorkers) {
  auto studio = client<studio::Studio>(makePool({.min = 4, .max = 4}));
  valueOf(pool_->start());
  std::vector<Deferred<int>> sums;
  for (int i = 0; i < 1000; ++i) {
    sums.push_back(fromPromise<int>(add(studio, i, 1).then([](auto&& r) { return r.getSum(); })));
  }
  const auto all = valueOf(gatherResults(std::move(sums)));
  ASSERT_EQ(all.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i + 1);
  EXPECT_EQ(pool_->stats().succeeded, 1000U);
}

TEST_F(ClientTest, EachWorkerRunsCallsWhileAnotherIsBusy) {
  auto studio = client<studio::Studio>(makePool({.min = 2, .max = 2}));
  const auto path = makeFifo("busy");
  auto request = studio.waitForRequest();
  request.setPath(path.c_str());
  auto busy = fromPromise<int>(request.send().then([](auto&&) { return 0; }));
  EXPECT_EQ(responseOf(add(studio, 1, 2)).getSum(), 3);
  letGo(path);
  EXPECT_TRUE(await(std::move(busy)).ok());
}

TEST_F(ClientTest, AnInheritedMethodIsTheSameFunction) {
  auto painter = client<studio::Painter>(makePool({.max = 1}));
  auto request = painter.addRequest();
  request.setA(1);
  request.setB(2);
  EXPECT_EQ(responseOf(request.send()).getSum(), 3);
  auto paint = painter.paintRequest();
  paint.setWidth(300'000);
  EXPECT_EQ(responseOf(paint.send()).getPixels()[299'999], static_cast<std::uint8_t>(299'999));
  studio::Studio::Client asStudio = painter;
  EXPECT_EQ(responseOf(add(asStudio, 2, 3)).getSum(), 5);
}

TEST_F(ClientTest, AGenericInterfaceIsCalled) {
  auto box = client<studio::Box<capnp::Text>>(makePool({.max = 1}));
  auto request = box.putRequest();
  request.setValue("a pearl");
  EXPECT_EQ(responseOf(request.send()).getPrevious(), "nothing");
  EXPECT_EQ(responseOf(box.putRequest().send()).getPrevious(), "a pearl");
}

TEST_F(ClientTest, LargeParametersAndResultsTravel) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  const std::vector<capnp::byte> bytes(20'000'000, 7);
  auto request = studio.echoRequest();
  request.setBytes({bytes.data(), bytes.size()});
  const auto response = responseOf(request.send());
  EXPECT_EQ(response.getBytes().size(), bytes.size());
  EXPECT_TRUE(std::ranges::all_of(response.getBytes(), [](auto byte) { return byte == 7; }));
}

TEST_F(ClientTest, ParametersAboveThePoolsLimitAreRefused) {
  auto studio = client<studio::Studio>(makePool({.max = 1, .maxMessageBytes = 100'000}));
  auto request = studio.echoRequest();
  request.initBytes(200'000);
  const auto failure = failureOfCall(request.send());
  EXPECT_TRUE(failure.check<EncodingError>()) << failure.describe();
  EXPECT_EQ(responseOf(add(studio, 1, 1)).getSum(), 2);
}

TEST_F(ClientTest, AMethodMayReturnAPromise) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto request = studio.laterRequest();
  request.setMilliseconds(5);
  EXPECT_EQ(responseOf(request.send()).getValue(), 5U);
}

TEST_F(ClientTest, WhatAMethodThrowsArrives) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  const auto range = failureOfCall(fail(studio, "runtime"));
  EXPECT_TRUE(range.check<std::out_of_range>()) << range.describe();
  EXPECT_EQ(range.message(), "no such colour");
  EXPECT_TRUE(range.fromJob());
  const auto plain = failureOfCall(fail(studio, "kj"));
  EXPECT_EQ(plain.type(), "kj::Exception") << plain.describe();
  EXPECT_NE(plain.message().find("the easel is broken"), std::string::npos) << plain.message();
  EXPECT_NE(failureOfCall(fail(studio, "later")).message().find("it fell later"),
            std::string::npos);
  EXPECT_EQ(pool_->stats().failed, 3U);
}

TEST_F(ClientTest, AnExceptionOfKjKeepsItsType) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  kj::Maybe<kj::Exception> caught;
  auto promise = fail(studio, "overloaded")
                     .then([](auto&&) { return 0; },
                           [&](kj::Exception&& e) {
                             caught = kj::mv(e);
                             return 1;
                           });
  EXPECT_EQ(valueOf(fromPromise<int>(kj::mv(promise))), 1);
  const auto& exception = KJ_ASSERT_NONNULL(caught);
  EXPECT_EQ(exception.getType(), kj::Exception::Type::OVERLOADED);
  EXPECT_NE(std::string(exception.getDescription().cStr()).find("too many painters"),
            std::string::npos);
}

TEST_F(ClientTest, ADeathArrivesWithItsCertificate) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  const auto failure = failureOfCall(fail(studio, "crash"));
  ASSERT_TRUE(failure.check<WorkerDied>()) << failure.describe();
  ASSERT_NE(failure.certificate(), nullptr);
  EXPECT_EQ(failure.certificate()->function, "Studio.fail");
  EXPECT_EQ(failure.certificate()->cause, DeathCause::crash);
  EXPECT_EQ(responseOf(add(studio, 1, 2)).getSum(), 3) << "the next worker";
}

TEST_F(ClientTest, ADeathIsADisconnectToKj) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  auto type = fail(studio, "crash")
                  .then([](auto&&) { return kj::Exception::Type::FAILED; },
                        [](kj::Exception&& e) {
                          EXPECT_TRUE(phial::failureOf(e).check<WorkerDied>());
                          return e.getType();
                        });
  EXPECT_EQ(valueOf(fromPromise<kj::Exception::Type>(kj::mv(type))),
            kj::Exception::Type::DISCONNECTED);
}

TEST_F(ClientTest, AnInterfaceThatIsNotExportedIsNamed) {
  auto stranger = client<studio::Stranger>(makePool({.max = 1}));
  const auto failure = failureOfCall(stranger.greetRequest().send());
  EXPECT_TRUE(failure.check<NoSuchInterface>()) << failure.describe();
  EXPECT_EQ(failure.kind(), FailureKind::refused);
  EXPECT_FALSE(failure.mayHaveRun());
  EXPECT_NE(failure.message().find("Stranger.greet"), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("Studio.add"), std::string::npos) << failure.message();
}

TEST_F(ClientTest, DroppingThePromiseCancelsTheCall) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  const auto path = makeFifo("heed");
  auto request = studio.heedRequest();
  request.setPath(path.c_str());
  auto promise = kj::heap(request.send()
                              .then([](auto&&) { ADD_FAILURE() << "it was answered"; })
                              .eagerlyEvaluate(nullptr));
  awaitAnnouncement(path);
  promise = nullptr;
  runUntil([&] { return pool_->stats().running == 0; });
  EXPECT_EQ(pool_->stats().cancelled, 1U);
  EXPECT_EQ(responseOf(add(studio, 1, 2)).getSum(), 3);
}

TEST_F(ClientTest, OptionsOfTheSubmitterApply) {
  makePool({.max = 1, .grace = 50ms});
  auto studio = client<studio::Studio>(pool_->with({.timeout = 100ms, .label = "portrait"}));
  EXPECT_EQ(responseOf(studio.whoAmIRequest().send()).getLabel(), "portrait");
  const auto path = makeFifo("never");
  auto request = studio.waitForRequest();
  request.setPath(path.c_str());
  const auto failure = failureOfCall(request.send());
  EXPECT_TRUE(failure.check<JobTimedOut>()) << failure.describe();
}

TEST_F(ClientTest, ProgressIsReported) {
  std::vector<double> fractions;
  makePool({.max = 1});
  auto studio = client<studio::Studio>(pool_->with(
      {.onProgress = [&](double fraction, std::string_view) { fractions.push_back(fraction); }}));
  const auto path = makeFifo("half");
  auto request = studio.progressRequest();
  request.setPath(path.c_str());
  auto done = fromPromise<int>(request.send().then([](auto&&) { return 0; }));
  runUntil([&] { return !fractions.empty(); });
  EXPECT_EQ(fractions.front(), 0.5);
  letGo(path);
  EXPECT_TRUE(await(std::move(done)).ok());
}

TEST_F(ClientTest, AFullQueueRefuses) {
  auto studio = client<studio::Studio>(makePool({.max = 1, .maxQueue = 1}));
  const auto path = makeFifo("full");
  auto request = studio.waitForRequest();
  request.setPath(path.c_str());
  auto first = fromPromise<int>(request.send().then([](auto&&) { return 0; }));
  runUntil([&] { return pool_->stats().running == 1; });
  auto second = fromPromise<int>(add(studio, 1, 1).then([](auto&& r) { return r.getSum(); }));
  const auto failure = failureOfCall(add(studio, 1, 1));
  EXPECT_TRUE(failure.check<QueueFull>()) << failure.describe();
  letGo(path);
  EXPECT_TRUE(await(std::move(first)).ok());
  EXPECT_EQ(valueOf(std::move(second)), 2);
}

TEST_F(ClientTest, AClientOutlivesItsPool) {
  auto studio = client<studio::Studio>(makePool({.max = 1}));
  EXPECT_EQ(responseOf(add(studio, 1, 1)).getSum(), 2);
  valueOf(pool_->stop());
  EXPECT_TRUE(failureOfCall(add(studio, 1, 1)).check<PoolStopped>());
  pool_.reset();
  const auto failure = failureOfCall(add(studio, 1, 1));
  EXPECT_TRUE(failure.check<PoolStopped>()) << failure.describe();
}

TEST_F(ClientTest, FunctionsAndMethodsShareAPool) {
  auto studio = client<studio::Studio>(makePool({.max = 2}));
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(pool_->deferToProcess<jobs::add>(i, 1));
    all.push_back(fromPromise<int>(add(studio, i, 1).then([](auto&& r) { return r.getSum(); })));
  }
  const auto sums = valueOf(gatherResults(std::move(all)));
  for (std::size_t i = 0; i < sums.size(); i += 2) EXPECT_EQ(sums[i], sums[i + 1]);
}

TEST_F(ClientTest, ACallThatMayRunAgainDoes) {
  makePool({.max = 1});
  auto studio = client<studio::Studio>(pool_->with({.rerun = Rerun::always, .maxAttempts = 3}));
  const auto failure = failureOfCall(fail(studio, "crash"));
  EXPECT_TRUE(failure.check<PoisonJob>()) << failure.describe();
}

}  // namespace
}  // namespace phial
