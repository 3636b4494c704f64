// Boost.Asio: the suite of every host, and what is Asio's own.
#include <phial/asio.h>
#include <phial/master/blocking_pool.h>

#include <boost/asio.hpp>
#include <future>
#include <thread>
#include <vector>

#include "held_loop_suite.h"

namespace phial {
namespace {

namespace io = boost::asio;

class AsioHost {
 public:
  static constexpr bool kCarriesFailures = true;

  io::io_context& context() { return context_; }
  void hold(Reactor& reactor) { holder_.emplace(context_, reactor); }
  std::optional<asio::Loop>& holder() { return holder_; }
  void turn() {
    context_.restart();  // without work it has stopped
    context_.run_one();
  }
  void later(std::function<void()> f) { io::post(context_, std::move(f)); }
  void enter() {
    context_.restart();
    context_.run();
  }
  void leave() { context_.stop(); }

  template <auto function, class... A, class Callback>
  std::function<void()> run(const Submitter& pool, std::tuple<A...> args, Callback callback) {
    auto signal = std::make_shared<io::cancellation_signal>();
    asio::run<function>(pool, std::move(args),
                        io::bind_cancellation_slot(signal->slot(), std::move(callback)));
    signals_.push_back(signal);
    return [signal] { signal->emit(io::cancellation_type::terminal); };
  }

 private:
  std::vector<std::shared_ptr<io::cancellation_signal>> signals_;
  io::io_context context_{1};
  std::optional<asio::Loop> holder_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Asio, HeldLoopSuite, AsioHost);

using HeldAsioTest = HeldLoopSuite<AsioHost>;

TEST_F(HeldAsioTest, AHandlerMayRunANestedLoop) {
  int inner = 0;
  bool done = false;
  asio::run<loop_jobs::add>(*pool_, std::tuple(1, 2), [&](Outcome<int>) {
    inner = sum(2, 2);
    done = true;
  });
  turnUntil([&] { return done; });
  EXPECT_EQ(inner, 4);
}

TEST_F(HeldAsioTest, AHandlerMayEndEverything) {
  bool done = false;
  asio::run<loop_jobs::add>(*pool_, std::tuple(1, 2), [&](Outcome<int>) {
    pool_.reset();
    host_->holder().reset();
    reactor_.reset();
    done = true;
  });
  turnUntil([&] { return done; });
}

// Calls that end in the turn in which they are made.
TEST_F(HeldAsioTest, HandlersOfOneTurnThrowOneByOne) {
  reactor_->callLater(0s, [&] {
    for (int i = 0; i < 3; ++i) {
      asio::run<loop_jobs::add>(*pool_, std::tuple(1L << 40, i),
                                [i](Outcome<int>) { throw std::runtime_error(std::to_string(i)); });
    }
  });
  std::string thrown;
  while (thrown.size() < 3) {
    try {
      host_->turn();
    } catch (const std::runtime_error& error) {
      thrown += error.what();
    }
  }
  EXPECT_EQ(thrown, "012");
  EXPECT_EQ(sum(1, 2), 3);
}

TEST_F(HeldAsioTest, NoHandlerIsCalledAfterStop) {
  int calls = 0;
  reactor_->callLater(0s, [&] {
    for (int i = 0; i < 3; ++i) {
      asio::run<loop_jobs::add>(*pool_, std::tuple(1L << 40, i), [&](Outcome<int>) {
        ++calls;
        host_->leave();
      });
    }
  });
  for (int i = 1; i <= 3; ++i) {
    host_->enter();
    EXPECT_EQ(calls, i);
  }
}

TEST_F(HeldAsioTest, AHandlerIsCalledOnItsStrand) {
  const auto strand = io::make_strand(host_->context());
  bool inside = false;
  bool done = false;
  asio::run<loop_jobs::add>(*pool_, std::tuple(1, 2), io::bind_executor(strand, [&](Outcome<int>) {
    inside = strand.running_in_this_thread();
    done = true;
  }));
  turnUntil([&] { return done; });
  EXPECT_TRUE(inside);
}

class AsioTest : public ::testing::Test {
 protected:
  BlockingPool pool_{{.max = 2, .grace = 1ms, .onLog = [](const LogRecord&) {}}};
};

TEST_F(AsioTest, EveryTokenWorks) {
  io::io_context context;
  EXPECT_EQ(asio::run<loop_jobs::add>(pool_, std::tuple(1, 2), io::use_future).get().value(), 3);
  EXPECT_EQ(
      asio::run<loop_jobs::add>(pool_, std::tuple(1, 3), asio::throwing(io::use_future)).get(), 4);
  auto later = asio::run<loop_jobs::repeat>(pool_, std::tuple("ab", 2), io::deferred);
  std::string text;
  std::move(later)(io::bind_executor(context, [&](Outcome<std::string> o) { text = o.value(); }));
  context.run();
  EXPECT_EQ(text, "abab");
}

TEST_F(AsioTest, ACoroutineGetsValueOrException) {
  io::io_context context;
  std::string log;
  const auto session = [&]() -> io::awaitable<void> {
    const auto sum = co_await asio::run<loop_jobs::add>(pool_, std::tuple(1, 2), io::use_awaitable);
    log += std::to_string(sum.value());
    log += co_await asio::run<loop_jobs::repeat>(pool_, std::tuple("x", 2),
                                                 asio::throwing(io::use_awaitable));
    co_await asio::run<loop_jobs::doNothing>(pool_, std::tuple(),
                                             asio::throwing(io::use_awaitable));
    try {
      co_await asio::run<loop_jobs::throwRange>(pool_, std::tuple("far"),
                                                asio::throwing(io::use_awaitable));
    } catch (const std::out_of_range& error) {
      log += error.what();
    }
  };
  io::co_spawn(context, session, [](std::exception_ptr error) { EXPECT_FALSE(error); });
  context.run();
  EXPECT_EQ(log, "3xxfar");
}

TEST_F(AsioTest, CallsFromSeveralThreadsCompleteOnTheirStrands) {
  io::io_context context;
  constexpr int kCalls = 200;
  std::atomic<int> sum = 0;
  std::vector<io::strand<io::io_context::executor_type>> strands(4, io::make_strand(context));
  for (auto& strand : strands) strand = io::make_strand(context);
  for (int i = 0; i < kCalls; ++i) {
    io::post(context, [&, i] {
      auto& strand = strands[static_cast<std::size_t>(i) % strands.size()];
      asio::run<loop_jobs::add>(pool_, std::tuple(i, 1),
                                io::bind_executor(strand, [&](Outcome<int> outcome) {
                                  EXPECT_TRUE(strand.running_in_this_thread());
                                  sum += outcome.value();
                                }));
    });
  }
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { context.run(); });
  threads.clear();
  EXPECT_EQ(sum, kCalls * (kCalls - 1) / 2 + kCalls);
}

// A handler, and what it holds, that is dropped with its io_context.
TEST_F(AsioTest, AHandlerEndsWithItsContextAndItsJobIsCancelled) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const auto held = std::make_shared<int>(1);
  {
    io::io_context context;
    asio::run<loop_jobs::waitFor>(
        pool_, std::tuple(path),
        io::bind_executor(context, [held](Outcome<std::string>) { FAIL() << "called"; }));
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  while (pool_.stats().cancelled == 0) std::this_thread::yield();
}

TEST_F(AsioTest, ThePoolMayEndInsideAHandlersEnd) {
  auto pool = std::make_shared<BlockingPool>(PoolOptions{.max = 1});
  io::io_context context;
  asio::run<loop_jobs::doNothing>(*pool, std::tuple(),
                                  io::bind_executor(context, [pool](Outcome<void>) {}));
  pool.reset();
}

TEST_F(AsioTest, CancellationOfTypeTotalDoesNothing) {
  io::io_context context;
  io::cancellation_signal signal;
  bool ok = false;
  asio::run<loop_jobs::doNothing>(
      pool_, std::tuple(),
      io::bind_cancellation_slot(
          signal.slot(), io::bind_executor(context, [&](Outcome<void> o) { ok = o.ok(); })));
  signal.emit(io::cancellation_type::total);
  context.run();
  EXPECT_TRUE(ok);
  EXPECT_FALSE(signal.slot().has_handler());
}

TEST_F(AsioTest, AnEndedPoolFailsTheCall) {
  auto pool = std::make_unique<BlockingPool>(PoolOptions{.max = 1});
  const BlockingSubmitter handle = *pool;
  pool.reset();
  const auto outcome = asio::run<loop_jobs::doNothing>(handle, std::tuple(), io::use_future).get();
  EXPECT_TRUE(outcome.failure().check<PoolStopped>());
}

TEST_F(AsioTest, WhatAHandlerThrowsIsTheContexts) {
  io::io_context context;
  asio::run<loop_jobs::doNothing>(
      pool_, std::tuple(),
      io::bind_executor(context, [](Outcome<void>) { throw std::runtime_error("mine"); }));
  EXPECT_THROW(context.run(), std::runtime_error);
}

struct AsioWithoutDefault {
  explicit AsioWithoutDefault(int n) : number(n) {}
  int number;
};

TEST_F(AsioTest, ThrowingNeedsNoDefault) {
  std::exception_ptr seen;
  const auto take = [&](std::exception_ptr error, const auto&) { seen = error; };
  detail::ThrowingHandler<AsioWithoutDefault, decltype(take)> handler{take};
  handler(Outcome<AsioWithoutDefault>(AsioWithoutDefault(1)));
  EXPECT_FALSE(seen);
  handler(Outcome<AsioWithoutDefault>(Failure(std::out_of_range("far"))));
  EXPECT_THROW(std::rethrow_exception(seen), std::out_of_range);
}

}  // namespace
}  // namespace phial
