#include <gmock/gmock.h>
#include <phial/master/reactor_thread.h>
#include <phial/master/tasks.h>
#include <pthread.h>

#include <array>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/no_threads.h"
#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(ReactorThreadTest, RunsItsLoopOnANamedThreadOfItsOwn) {
  ReactorThread loop({.name = "studio"});
  const auto [id, name] = loop.waitFor(1min, [] {
    std::array<char, 16> text{};
    ::pthread_getname_np(::pthread_self(), text.data(), text.size());
    return std::pair(std::this_thread::get_id(), std::string(text.data()));
  });
  EXPECT_NE(id, std::this_thread::get_id());
  EXPECT_EQ(name, "studio");
}

TEST(ReactorThreadTest, ItsEndEndsAWaitWithReactorStopped) {
  std::optional<ReactorThread> loop(std::in_place);
  const auto result = loop->runInReactor([&] { return deferLater(loop->reactor(), 1h, [] {}); });
  std::jthread thread([&] { EXPECT_THROW(result.wait(), ReactorStopped); });
  loop->stop();
  thread.join();
  EXPECT_THROW(loop->waitFor(1min, [] {}), ReactorStopped);
  loop.reset();
}

/// Writes its life into a list.
class Diary {
 public:
  Diary(Reactor& reactor, std::vector<std::string>& entries, std::string name)
      : reactor_(reactor), entries_(entries), name_(std::move(name)) {}
  ~Diary() { note("gone"); }
  Diary(const Diary&) = delete;
  Diary& operator=(const Diary&) = delete;

  Deferred<void> stop(StopOptions) {
    note("stopping");
    return deferLater(reactor_, 1ms, [this] { note("stopped"); });
  }

 private:
  void note(const char* what) {
    reactor_.requireThread("Diary");
    entries_.push_back(name_ + " " + what);
  }

  Reactor& reactor_;
  std::vector<std::string>& entries_;
  const std::string name_;
};

TEST(ReactorThreadTest, EndsWhatItOwnsFromTheLastToTheFirstOnTheLoop) {
  std::vector<std::string> entries;
  {
    ReactorThread loop;
    loop.own<Diary>(entries, "a");
    loop.atEnd([&] {
      entries.emplace_back("at end");
      return succeed();
    });
    loop.own<Diary>(entries, "b");
  }
  EXPECT_THAT(entries, ElementsAre("b stopping", "b stopped", "b gone", "at end", "a stopping",
                                   "a stopped", "a gone"));
}

TEST(ReactorThreadTest, WhatDoesNotEndIsWaitedForOnlySoLong) {
  const UnhandledErrors errors;
  bool endedOther = false;
  {
    ReactorThread loop({.stopWithin = 1ms});
    loop.atEnd([&] {
      endedOther = true;
      return succeed();
    });
    loop.atEnd([&] { return deferLater(loop.reactor(), 1h, [] {}); });
  }
  EXPECT_TRUE(endedOther);
  EXPECT_EQ(errors.messages().size(), 1U);
}

TEST(ReactorThreadTest, ALoopThatTheProgramStoppedStillEndsInOrder) {
  std::vector<std::string> entries;
  {
    ReactorThread loop;
    loop.own<Diary>(entries, "a");
    const auto result = loop.runInReactor([&] {
      loop.reactor().stop();
      return deferLater(loop.reactor(), 1h, [] {});
    });
    EXPECT_THROW(result.wait(), ReactorStopped);
  }
  EXPECT_THAT(entries, ElementsAre("a stopping", "a stopped", "a gone"));
}

TEST(ReactorThreadTest, NothingIsKeptAfterTheEnd) {
  std::vector<std::string> entries;
  ReactorThread loop;
  loop.stop();
  loop.stop();
  EXPECT_THROW(loop.own<Diary>(entries, "a"), ReactorStopped);
  EXPECT_THROW(loop.atEnd([] { return succeed(); }), ReactorStopped);
  EXPECT_TRUE(entries.empty());
}

TEST(ReactorThreadTest, OnItsOwnThreadStopIsRefused) {
  ReactorThread loop;
  loop.waitFor(1min, [&] { EXPECT_THROW(loop.stop(), std::logic_error); });
}

TEST(ReactorThreadTest, ACallbackOfItsLoopMayDestroyIt) {
  std::vector<std::string> entries;
  std::promise<void> gone;
  std::shared_ptr<void> mark(nullptr, [&](void*) { gone.set_value(); });
  auto loop = std::make_unique<ReactorThread>();
  loop->atEnd([mark = std::move(mark)] { return succeed(); });
  loop->own<Diary>(entries, "a");
  Reactor& reactor = loop->reactor();
  reactor.callFromThread(
      [own = std::make_shared<std::unique_ptr<ReactorThread>>(std::move(loop))] { own->reset(); });
  gone.get_future().get();
}

TEST(ReactorThreadTest, WhatAConstructorThrowsArrivesAtOwn) {
  struct Broken {
    explicit Broken(Reactor&) { throw std::range_error("broken"); }
  };
  ReactorThread loop;
  EXPECT_THROW(loop.own<Broken>(), std::range_error);
}

TEST(ReactorThreadTest, WithoutAThreadOfTheSystemItIsAnError) {
  const NoThreads shortage;
  EXPECT_THROW(ReactorThread(), Error);
}

}  // namespace
}  // namespace phial
