#include <phial/master/detail/deferred_link.h>
#include <phial/master/thread_pool.h>
#include <phial/protocol/error.h>
#include <phial/protocol/fork_mark.h>
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "protocol/memory/quiet_thread.h"

namespace phial::inline v1 {
namespace {

ThreadPoolOptions checkedPool(ThreadPoolOptions options) {
  if (options.max == 0) throw std::invalid_argument("ThreadPoolOptions::max is 0");
  if (options.min > options.max) {
    throw std::invalid_argument("ThreadPoolOptions::min is above ThreadPoolOptions::max");
  }
  return options;
}

// Takes the function, so that it is destroyed here as well.
void callReporting(std::function<void()> f) {
  try {
    f();
  } catch (...) {
    detail::reportUnhandled(Failure::current());  // current() passes the end of the thread on
  }
}

}  // namespace

class ThreadPool::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(ThreadPoolOptions options) : options_(std::move(options)) {}

  /// Who stops the pool: a thread of its own cannot be waited for.
  enum class Caller { other, ownThread };

  bool inherited() const { return mark_.inherited(); }
  void start();
  void stop(Caller caller);
  void add(std::function<void()> f);
  std::size_t threads() const {
    const std::scoped_lock lock(mutex_);
    return threads_.size();
  }
  std::size_t queued() const {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
  }
  bool isOwnThread() const { return ofThisThread == this; }

 private:
  enum class State { fresh, started, stopping, stopped };

  void requireOwnProcess() const;
  void requireOpen() const;
  bool grow();
  void serve(std::size_t number);
  void join(std::vector<std::thread> threads);

  static constinit thread_local const Core* ofThisThread;

  const detail::ForkMark mark_;
  const ThreadPoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable work_;     // the queue or the state has changed
  std::condition_variable stopped_;  // the state is stopped
  // All guarded by mutex_.
  State state_ = State::fresh;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;  // threads that wait for work, some of them woken for the queue's
};

constinit thread_local const ThreadPool::Core* ThreadPool::Core::ofThisThread = nullptr;

void ThreadPool::Core::requireOwnProcess() const {
  if (inherited()) throw PoolStopped("the threads of this pool are in the process before the fork");
}

// With the lock held.
void ThreadPool::Core::requireOpen() const {
  if (state_ >= State::stopping) throw PoolStopped("the thread pool has stopped");
}

void ThreadPool::Core::start() {
  requireOwnProcess();
  const std::scoped_lock lock(mutex_);
  requireOpen();
  if (state_ != State::fresh) return;
  state_ = State::started;
  const std::size_t wanted = std::max(options_.min, std::min(options_.max, queue_.size()));
  while (threads_.size() < wanted && grow()) {
  }
  const bool lacking = threads_.size() < options_.min || (threads_.empty() && !queue_.empty());
  if (lacking) throw Error("the system has no thread to give");
}

void ThreadPool::Core::add(std::function<void()> f) {
  requireOwnProcess();
  std::function<void()> refused;  // destroyed when the lock is free again
  const std::scoped_lock lock(mutex_);
  requireOpen();
  queue_.push_back(std::move(f));
  if (state_ == State::fresh) return;
  const bool needsOne = queue_.size() > idle_ && threads_.size() < options_.max;
  if (needsOne && !grow() && threads_.empty()) {
    refused = std::move(queue_.back());
    queue_.pop_back();
    throw Error("the system has no thread to give");
  }
  work_.notify_one();
}

// With the lock held. False when the system refuses; the threads that exist then do the work.
bool ThreadPool::Core::grow() {
  threads_.reserve(threads_.size() + 1);
  const std::size_t number = threads_.size() + 1;
  auto thread =
      detail::startQuietThread([core = shared_from_this(), number] { core->serve(number); });
  if (!thread) return false;
  threads_.push_back(std::move(*thread));
  return true;
}

void ThreadPool::Core::serve(std::size_t number) {
  const std::string name = options_.name.substr(0, 11) + "-" + std::to_string(number);
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  ofThisThread = this;
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_.wait(lock, [&] { return !queue_.empty() || state_ >= State::stopping; });
    --idle_;
    if (queue_.empty()) return;
    auto f = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    callReporting(std::move(f));
    lock.lock();
  }
}

void ThreadPool::Core::stop(Caller caller) {
  std::vector<std::thread> threads;
  {
    std::unique_lock lock(mutex_);
    if (state_ >= State::stopping) {
      if (caller == Caller::other) stopped_.wait(lock, [&] { return state_ == State::stopped; });
      return;
    }
    if (threads_.empty() && !queue_.empty()) grow();  // never started
    state_ = State::stopping;
    threads = std::exchange(threads_, {});
    work_.notify_all();
  }
  join(std::move(threads));
  std::deque<std::function<void()>> left;  // nobody has run them: there was no thread at all
  {
    const std::scoped_lock lock(mutex_);
    if (caller == Caller::other) left.swap(queue_);
  }
  for (auto& f : left) callReporting(std::exchange(f, nullptr));
  const std::scoped_lock lock(mutex_);
  state_ = State::stopped;
  stopped_.notify_all();
}

void ThreadPool::Core::join(std::vector<std::thread> threads) {
  for (std::thread& thread : threads) {
    thread.get_id() == std::this_thread::get_id() ? thread.detach() : thread.join();
  }
}

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : core_(std::make_shared<Core>(checkedPool(std::move(options)))) {}

ThreadPool::~ThreadPool() {
  if (core_->inherited()) {
    detail::keepForever(core_);
    return;
  }
  core_->stop(core_->isOwnThread() ? Core::Caller::ownThread : Core::Caller::other);
}

void ThreadPool::start() { core_->start(); }

void ThreadPool::stop() {
  if (core_->inherited()) return;
  if (core_->isOwnThread()) {
    throw std::logic_error(
        "ThreadPool::stop was called by a function of the pool, whose end it "
        "would wait for: call it on another thread");
  }
  core_->stop(Core::Caller::other);
}

void ThreadPool::callInThread(std::function<void()> f) { core_->add(std::move(f)); }

std::size_t ThreadPool::threads() const { return core_->inherited() ? 0 : core_->threads(); }
std::size_t ThreadPool::queued() const { return core_->inherited() ? 0 : core_->queued(); }

}  // namespace phial::inline v1
