#include <phial/master/reactor_thread.h>
#include <phial/protocol/fork_mark.h>
#include <phial/protocol/saturating_time.h>
#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "protocol/memory/quiet_thread.h"

namespace phial::inline v1 {

// Shared with the thread, which outlives the ReactorThread if a callback of its loop destroys that.
class ReactorThread::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(ReactorThreadOptions options) : options_(std::move(options)) {}

  bool inherited() const { return mark_.inherited(); }
  Duration stopWithin() const { return options_.stopWithin; }
  Reactor& reactor() const { return *reactor_; }

  void start();
  void stop();
  /// The end of the owner.
  void leave();
  /// On the loop's thread.
  void keep(std::shared_ptr<void> object, std::function<Deferred<void>()> end);

 private:
  // In this order; none is entered again.
  enum class Stage { starting, running, ending, ended, leaving };

  struct Kept {
    std::shared_ptr<void> object;         // may be null
    std::function<Deferred<void>()> end;  // may be empty
  };

  void serve();
  void runUntilEnded();
  void advance(Stage stage);
  void await(Stage stage);
  void requestEnd();
  Deferred<void> endAll();

  const detail::ForkMark mark_;
  const ReactorThreadOptions options_;
  std::optional<std::thread> thread_;  // the owner's
  std::mutex mutex_;
  std::condition_variable changed_;
  Stage stage_ = Stage::starting;  // guarded by mutex_

  // Set before the stage is `running`.
  std::exception_ptr startFailure_;
  Reactor* reactor_ = nullptr;
  std::shared_ptr<detail::ThreadDoor> door_;

  // Of the loop's thread.
  std::vector<Kept> kept_;
  bool closed_ = false;  // nothing more is kept
  bool ended_ = false;   // the loop may be left for good
};

void ReactorThread::Core::advance(Stage stage) {
  const std::scoped_lock lock(mutex_);
  if (stage_ < stage) stage_ = stage;
  changed_.notify_all();
}

void ReactorThread::Core::await(Stage stage) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stage_ >= stage; });
}

void ReactorThread::Core::start() {
  thread_ = detail::startQuietThread([core = shared_from_this()] { core->serve(); });
  if (!thread_) throw Error("the system has no thread to give for a reactor");
  await(Stage::running);
  if (!startFailure_) return;
  thread_->join();
  std::rethrow_exception(startFailure_);
}

void ReactorThread::Core::serve() {
  ::pthread_setname_np(::pthread_self(), options_.name.substr(0, 15).c_str());
  std::optional<Reactor> reactor;
  try {
    reactor.emplace();
  } catch (...) {
    startFailure_ = std::current_exception();
    return advance(Stage::leaving);
  }
  reactor_ = &*reactor;
  door_ = detail::ThreadDoor::of(*reactor);
  reactor->callWhenRunning([this] { advance(Stage::running); });
  runUntilEnded();
  advance(Stage::ended);
  await(Stage::leaving);
}

// A function of the program's may stop the loop. The thread then waits for the order to end, for
// which the loop runs once more.
void ReactorThread::Core::runUntilEnded() {
  while (!ended_) {
    reactor_->run();
    if (!ended_) await(Stage::ending);
  }
}

void ReactorThread::Core::requestEnd() {
  {
    const std::scoped_lock lock(mutex_);
    if (stage_ >= Stage::ending) return;
    stage_ = Stage::ending;
    changed_.notify_all();
  }
  // The thread, and with it this, goes on until the loop has made the call.
  door_->post([this] {
    closed_ = true;
    endAll().addBoth([this](const Outcome<void>&) {
      ended_ = true;
      reactor_->stop();
    });
  });
}

// One after the other, from the last: each may use those before it. An object is destroyed while
// the loop runs, so what its destructor settles still reaches the threads that wait for it.
Deferred<void> ReactorThread::Core::endAll() {
  while (!kept_.empty()) {
    Kept last = std::move(kept_.back());
    kept_.pop_back();
    if (!last.end) continue;
    // A pool kills its workers after stopWithin, and then still reaps them.
    const Duration most = last.object
                              ? detail::saturatingAdd(options_.stopWithin, std::chrono::seconds(1))
                              : options_.stopWithin;
    auto ending = maybeDeferred(last.end).addTimeout(most, *reactor_);
    const auto outcome = co_await std::move(ending).outcome();
    if (!outcome.ok()) detail::reportUnhandled(outcome.failure());
  }
}

void ReactorThread::Core::stop() {
  if (inherited()) return;
  door_->requireOtherThread("ReactorThread::stop");
  requestEnd();
  await(Stage::ended);
}

void ReactorThread::Core::leave() {
  requestEnd();
  advance(Stage::leaving);
  thread_->get_id() == std::this_thread::get_id() ? thread_->detach() : thread_->join();
}

void ReactorThread::Core::keep(std::shared_ptr<void> object, std::function<Deferred<void>()> end) {
  if (closed_) throw ReactorStopped();
  kept_.push_back({std::move(object), std::move(end)});
}

ReactorThread::ReactorThread(ReactorThreadOptions options)
    : core_(std::make_shared<Core>(std::move(options))) {
  core_->start();
}

ReactorThread::~ReactorThread() {
  if (core_->inherited()) {
    detail::keepForever(core_);
  } else {
    core_->leave();
  }
}

Reactor& ReactorThread::reactor() const { return core_->reactor(); }

void ReactorThread::stop() { core_->stop(); }

void ReactorThread::atEnd(std::function<Deferred<void>()> f) {
  blockingCallFromThread(reactor(), [&] { keep(nullptr, std::move(f)); });
}

Duration ReactorThread::stopWithin() const { return core_->stopWithin(); }

void ReactorThread::keep(std::shared_ptr<void> object, std::function<Deferred<void>()> end) {
  core_->keep(std::move(object), std::move(end));
}

}  // namespace phial::inline v1
