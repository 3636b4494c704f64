// Every name of Phial's in master/NAMES.md, used once: the page cannot name what is not there. The
// names of the network and of fibers, libraries of their own, have tests beside their parts.
#include <event2/event.h>
#include <phial/master/future_bridge.h>
#include <phial/master/kj_bridge.h>
#include <phial/master/process_output.h>
#include <phial/master/process_protocol.h>
#include <phial/testing.h>
#include <phial/testing/deferred.h>
#include <phial/worker.h>

#include "tests/compile/common.h"

using namespace std::chrono_literals;

void deferreds(phial::Reactor& reactor) {
  auto made = phial::newDeferred<int>([] {});
  made.resolver.callback(1);
  made.resolver.errback(phial::TimeoutError("late"));
  phial::DeferredHandle handle = made.deferred.handle();
  static_cast<void>(made.deferred.called() || made.resolver.called());
  made.deferred.cancel();
  std::move(made.deferred)
      .addCallback([](int n) { return n; })
      .addErrback([](const phial::Failure&) { return 0; })
      .addCallbacks([](int n) { return n; }, [](const phial::Failure&) { return 0; })
      .addTimeout(1s, reactor)
      .addBoth([](phial::Outcome<int> outcome) { return outcome.ok(); });
  phial::chainDeferred(phial::succeed(1), phial::newDeferred<int>().resolver);
  phial::fromFuture(reactor, phial::toFuture(phial::succeed(1)));
  phial::fromPromise(phial::toPromise(phial::succeed(1)));
  phial::fail<int>(phial::CancelledError());
  phial::maybeDeferred([] { return 1; });
  phial::gatherResults(phial::succeed(1), phial::succeed(std::string()));
  phial::race(phial::succeed(1), phial::succeed(2));
  phial::DeferredList(std::vector<phial::Deferred<int>>(),
                      {.fireOnOneCallback = true, .fireOnOneErrback = true, .consumeErrors = true});
}

void failures() {
  const phial::Failure failure{phial::AlreadyCalledError()};
  static_cast<void>(failure.check<phial::CancelledError>());
  failure.trap<phial::AlreadyCalledError>();
  static_cast<void>(failure.as<phial::AlreadyCalledError>());
  static_cast<void>(failure.type() + failure.message() + failure.describe());
  static_cast<void>(failure.traceback());
  static_cast<void>(failure.index());
  static_cast<void>(phial::Failure::current());
  phial::setUnhandledErrorHook(phial::UnhandledErrorHook());
  phial::setLogSink({});
  failure.rethrow();
}

phial::Deferred<int> locks(phial::Deferred<int> awaited) {
  phial::DeferredLock lock;
  auto held = co_await lock.acquire();
  held.release();
  static_cast<void>(lock.locked());
  lock.run([] { return 1; });
  phial::DeferredSemaphore semaphore(2);
  semaphore.acquire();
  semaphore.release();
  static_cast<void>(semaphore.limit() + semaphore.tokens());
  phial::DeferredQueue<int> queue({.size = 1, .backlog = 1});
  queue.put(1);
  queue.get().addErrback([](const phial::Failure& failure) {
    failure.trap<phial::QueueOverflow, phial::QueueUnderflow>();
    return 0;
  });
  static_cast<void>(queue.size());
  co_return co_await std::move(awaited);
}

phial::Generator steps() { co_yield {}; }

int tasks(phial::Reactor& reactor) {
  phial::LoopingCall looping(reactor, [](std::int64_t beats) { static_cast<void>(beats); });
  looping.start(1s, phial::LoopingCall::First::afterInterval);
  if (looping.running()) looping.stop();
  phial::deferLater(reactor, 1s, [] {});
  phial::CooperativeTask task = phial::cooperate(reactor, steps());
  task.pause();
  task.resume();
  task.stop();
  task.whenDone().addErrback([](const phial::Failure& failure) {
    failure.trap<phial::SchedulerStopped, phial::TaskDone, phial::TaskStopped, phial::TaskFailed,
                 phial::NotPaused, phial::TaskFinished, phial::SchedulerError>();
  });
  phial::coiterate(reactor, steps());
  phial::Cooperator cooperator(reactor);
  cooperator.cooperate(steps());
  cooperator.coiterate(steps());
  cooperator.start();
  if (cooperator.running()) cooperator.stop();
  phial::ManualClock clock;
  static_cast<void>(clock.now());
  clock.advance(1s);
  static_cast<void>(clock.pending());
  phial::DelayedCall call = clock.callLater(1s, [] {});
  static_cast<void>(call.reset(1s) && call.delay(1s) && call.active() && call.cancel());
  return phial::react(reactor, "names", phial::succeed(0));
}

void threads(phial::Reactor& reactor) {
  phial::ThreadPool threads({.min = 0, .max = 2, .name = "names"});
  threads.start();
  threads.callInThread([] {});
  static_cast<void>(threads.threads() + threads.queued());
  phial::deferToThread(reactor, half, 1.0);
  phial::deferToThreadPool(reactor, threads, half, 1.0);
  phial::callMultipleInThread(reactor, {[] {}, [] {}});
  phial::blockingCallFromThread(reactor, [] { return 1; }, 1s);
  threads.stop();
  reactor.callFromThread([] {});
  reactor.callInThread([] {});
  static_cast<void>(reactor.threadPool());
  reactor.requireThread("names");
}

void core(phial::Reactor& reactor) {
  reactor.callWhenRunning([] {});
  const auto trigger = reactor.addSystemEventTrigger(phial::SystemEventPhase::before, [] {});
  reactor.removeSystemEventTrigger(trigger);
  phial::Watch reading = reactor.addReader(0, [] {});
  phial::Watch writing = reactor.addWriter(1, [] {});
  reading.stop();
  const phial::SignalWatch watch(reactor, {1}, [] {});
  const auto ending = phial::stopOnSignals(reactor, pool(), {.within = 1s});
  phial::Process process = reactor.spawnProcess(phial::SpawnOptions{.executable = "/bin/true"});
  process.kill(9);
  event_base_loopbreak(reactor.base());
  static_cast<void>(reactor.now());
  static_cast<void>(reactor.fd());
  static_cast<void>(reactor.nextTimeout());
  reactor.dispatch();
  reactor.run();
  if (reactor.running()) reactor.stop();
}

void crochet() {
  phial::ReactorThread loop;
  phial::Reactor& reactor = loop.reactor();
  phial::EventualResult<int> result = loop.runInReactor([] { return 1; });
  phial::runInReactor(reactor, [] { return 1; }).cancel();
  static_cast<void>(result.wait(1s));
  static_cast<void>(result.originalFailure());
  static_cast<void>(loop.retrieve<int>(result.stash()));
  static_cast<void>(phial::retrieve<int>(reactor, 1));
  loop.waitFor(1s, [] { return phial::fail<int>(phial::ReactorStopped()); });
  phial::waitFor(reactor, 1s, [] {});
}

void ampoule(phial::Reactor& reactor) {
  phial::ProcessPool pool(reactor, {.name = "names",
                                    .worker = {"worker"},
                                    .environment = {},
                                    .directory = "/",
                                    .uid = 1,
                                    .gid = 1,
                                    .min = 1,
                                    .max = 2,
                                    .maxIdle = 20s,
                                    .recycleAfter = 500,
                                    .timeout = 5s,
                                    .timeoutSignal = 15,
                                    .onLog = [](const phial::LogRecord&) {}});
  pool.start();
  pool.with({.timeout = 5s, .deadline = reactor.now() + 9s}).deferToProcess<isPrime>(7);
  pool.deferToProcess<kShout>("text");
  pool.adjustPoolSize(1, 2);
  pool.killWorkers();
  pool.reload();
  static_cast<void>(pool.workers().size() + pool.stats().workers);
  pool.stop();
}

void withoutALoop(const std::vector<std::uint64_t>& numbers) {
  phial::BlockingPool pool;
  pool.start();
  pool.with({.label = "names"}).call<isPrime>(7);
  pool.map<isPrime>(numbers);
  pool.mapOutcomes<isPrime>(numbers);
  pool.forEach<isPrime>(numbers, [](std::size_t, bool) {});
  pool.forEach<note>(std::vector{1}, [](std::size_t) {});
  pool.forEachOutcome<isPrime>(numbers, [](std::size_t, const phial::Outcome<bool>&) {});
  pool.submit<isPrime>(7).get();
  static_cast<void>(pool.stats());
  pool.stop();
}

class Child : public phial::ProcessProtocol {
  void makeConnection(phial::ProcessTransport transport) override {
    ProcessProtocol::makeConnection(std::move(transport));
  }
  void connectionMade() override {
    transport().write("text");
    transport().writeSequence({"a", "b"});
    transport().writeToChild(3, "text");
    transport().closeChildFD(3);
    transport().closeStdin();
    transport().closeStdout();
    transport().closeStderr();
    transport().pauseProducing();
    transport().resumeProducing();
    transport().signalProcess("TERM");
    transport().loseConnection();
    static_cast<void>(transport().pid());
  }
  void childDataReceived(int, std::string_view) override {}
  void outReceived(std::string_view) override {}
  void errReceived(std::string_view) override {}
  void childConnectionLost(int) override {}
  void inConnectionLost() override {}
  void outConnectionLost() override {}
  void errConnectionLost() override {}
  void processExited(const phial::Failure&) override {}
  void processEnded(const phial::Failure& reason) override {
    reason.trap<phial::ProcessDone, phial::ProcessTerminated, phial::ProcessExitedAlready>();
  }
};

void children(phial::Reactor& reactor) {
  reactor.spawnProcess(std::make_shared<Child>(), "cat", {"-"}, {.directory = "/"});
  phial::getProcessOutput(reactor, "date");
  phial::getProcessValue(reactor, "false");
  phial::getProcessOutputAndValue(reactor, "date");
}

void debugging(const phial::Deferred<int>& deferred, const phial::DeferredHandle& handle) {
  phial::setDeferredDebugging(!phial::deferredDebugging());
  static_cast<void>(phial::describeWaiting(deferred) + handle.describe());
}

int workers(int argc, char** argv) {
  phial::serveIfWorker(argc, argv, {.onStart = [] {}, .onStop = [] {}});
  phial::Worker worker;
  worker.add<isPrime>().add<kShout>(shout).onStart([] {}).onStop([] {});
  return phial::isWorker() ? worker.serve(argc, argv) : 0;
}

void helpers() {
  static_cast<void>(phial::testing::successResultOf(phial::succeed(1)));
  static_cast<void>(phial::testing::failureResultOf(phial::fail<int>(phial::CancelledError())));
  const auto pending = phial::newDeferred<int>();
  phial::testing::assertNoResult(pending.deferred);
}
