// Signals as events of the loop.
#include <gtest/gtest.h>
#include <phial/master/reactor.h>
#include <phial/master/signal_watch.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace phial {
namespace {

using namespace std::chrono_literals;

sighandler_t handlerOf(int signal) {
  struct sigaction current{};
  ::sigaction(signal, nullptr, &current);
  return current.sa_handler;
}

volatile std::sig_atomic_t hosts = 0;
void hostsHandler(int) { hosts = hosts + 1; }

class SignalWatchTest : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const int signal : {SIGUSR1, SIGUSR2, SIGCHLD}) {
      EXPECT_EQ(handlerOf(signal), SIG_DFL) << "signal " << signal << " was not given back";
    }
  }
  auto logging(char c) {
    return [this, c] { log_ += c; };
  }
  /// Runs the loop until `length` calls were logged.
  void runUntil(std::size_t length) {
    const auto watch = std::make_shared<std::function<void()>>();
    *watch = [this, length, weak = std::weak_ptr(watch)] {
      if (log_.size() >= length) return reactor_.stop();
      reactor_.callLater(0s, *weak.lock());
    };
    reactor_.callLater(0s, *watch);
    reactor_.run();
  }

  std::string log_;
  Reactor reactor_;
};

TEST_F(SignalWatchTest, CallsFromTheLoopWithTheNumber) {
  const SignalWatch watch(reactor_, {SIGUSR1, SIGUSR2},
                          [&](int signal) { log_ += signal == SIGUSR1 ? '1' : '2'; });
  ::raise(SIGUSR2);
  EXPECT_EQ(log_, "");
  runUntil(1);
  ::raise(SIGUSR2);
  ::raise(SIGUSR1);
  runUntil(3);
  EXPECT_EQ(log_, "212");
}

TEST_F(SignalWatchTest, SeveralWatchesOfOneSignalAllHear) {
  SignalWatch first(reactor_, {SIGUSR1}, logging('a'));
  const SignalWatch second(reactor_, {SIGUSR1}, logging('b'));
  ::raise(SIGUSR1);
  runUntil(2);
  EXPECT_EQ(log_.size(), 2U);
  EXPECT_NE(log_.find('a'), std::string::npos);
  EXPECT_NE(log_.find('b'), std::string::npos);
  first.stop();
  EXPECT_FALSE(first.active());
  log_.clear();
  ::raise(SIGUSR1);
  runUntil(1);
  EXPECT_EQ(log_, "b");
}

TEST_F(SignalWatchTest, RestoresTheHandlerThatWasThere) {
  ::signal(SIGUSR1, hostsHandler);
  {
    const SignalWatch first(reactor_, {SIGUSR1}, logging('a'));
    {
      const SignalWatch second(reactor_, {SIGUSR1}, logging('b'));
    }
    EXPECT_NE(handlerOf(SIGUSR1), hostsHandler) << "the other watch is still there";
    ::raise(SIGUSR1);
    EXPECT_EQ(hosts, 0);
    runUntil(1);
  }
  EXPECT_EQ(handlerOf(SIGUSR1), hostsHandler);
  ::raise(SIGUSR1);
  EXPECT_EQ(hosts, 1);
  hosts = 0;
  ::signal(SIGUSR1, SIG_DFL);
}

TEST_F(SignalWatchTest, AHandlerThatWasPutOverItStays) {
  {
    const SignalWatch watch(reactor_, {SIGUSR1}, logging('a'));
    ::signal(SIGUSR1, hostsHandler);
  }
  EXPECT_EQ(handlerOf(SIGUSR1), hostsHandler);
  ::signal(SIGUSR1, SIG_DFL);
}

TEST_F(SignalWatchTest, AnyThreadMayGetTheSignalAndAnyReactorMayHear) {
  std::thread thread([] {
    Reactor other;
    bool heard = false;
    const SignalWatch theirs(other, {SIGUSR1}, [&] {
      heard = true;
      other.stop();
    });
    ::raise(SIGUSR1);
    other.run();
    EXPECT_TRUE(heard);
  });
  thread.join();
}

TEST_F(SignalWatchTest, MayBeStoppedInsideItsCallback) {
  const auto witness = std::make_shared<int>();
  std::optional<SignalWatch> watch;
  watch.emplace(reactor_, std::initializer_list<int>{SIGUSR1, SIGUSR2}, [&, witness] {
    log_ += 'a';
    watch.reset();
    EXPECT_EQ(witness.use_count(), 2) << "destroyed while it runs";
  });
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  runUntil(1);
  EXPECT_EQ(log_, "a");
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(SignalWatchTest, AnExceptionLosesNoOtherSignal) {
  reactor_.onCallbackError([&](std::exception_ptr) { log_ += '!'; });
  const SignalWatch watch(reactor_, {SIGUSR1, SIGUSR2}, [&](int signal) {
    if (signal == SIGUSR1) throw std::runtime_error("no");
    log_ += '2';
  });
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  runUntil(2);
  EXPECT_EQ(log_, "!2");
}

TEST_F(SignalWatchTest, OutlivesItsReactorWithoutHarm) {
  auto other = std::make_unique<Reactor>(reactor_.base());
  const SignalWatch watch(*other, {SIGUSR1}, logging('x'));
  other.reset();
  ::raise(SIGUSR1);
  EXPECT_EQ(log_, "");
}

TEST_F(SignalWatchTest, AssigningEndsTheWatchThatWasThere) {
  SignalWatch watch(reactor_, {SIGUSR1}, logging('a'));
  watch = SignalWatch(reactor_, {SIGUSR2}, logging('b'));
  EXPECT_EQ(handlerOf(SIGUSR1), SIG_DFL);
  SignalWatch moved = std::move(watch);
  EXPECT_TRUE(moved.active());
  moved = SignalWatch();
  EXPECT_FALSE(moved.active());
}

TEST_F(SignalWatchTest, SignalsThatCannotBeWatchedAreRefused) {
  for (const int signal : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, 0, -1, 65}) {
    const auto watch = [&] { const SignalWatch refused(reactor_, {SIGUSR1, signal}, [] {}); };
    EXPECT_THROW(watch(), std::invalid_argument) << signal;
  }
}

// The sanitizer delivers signals itself, and not in a forked child.
#ifndef PHIAL_THREAD_SANITIZER
TEST_F(SignalWatchTest, AForkedChildHasWhatWasThereBefore) {
  const SignalWatch watch(reactor_, {SIGUSR1}, logging('x'));
  const pid_t child = ::fork();
  if (child == 0) {
    ::raise(SIGUSR1);
    ::_exit(3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
  reactor_.callLater(1ms, [&] { reactor_.stop(); });
  reactor_.run();
  EXPECT_EQ(log_, "") << "the child's signal reached the parent";
}
#endif

}  // namespace
}  // namespace phial
