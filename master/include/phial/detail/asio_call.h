// One call of phial::asio::run under way. Part of its template; nothing here is for users.
//
// The handler of a call belongs to an execution_context, that of its executor, which may be
// destroyed while the job goes on. So the calls of each context are in a list: when the context
// shuts down, their handlers are destroyed with it, and their jobs are cancelled. The list outlives
// its context, in the hands of the jobs.
//
// Who owns an AsioCall: the list, until the outcome is there; then the completion that is given to
// the handler's executor, which destroys the AsioCall before it calls the handler, as Asio demands,
// or when the context drops it. In a turn of a holder on the same io_context the completion is
// dispatched at the turn's end, else it is posted.
//
// Locks: the list's mutex guards who owns a call. No code of the user's runs with it held.
#pragma once

#include <phial/master/detail/foreign_job.h>
#include <phial/master/detail/held_reactor.h>
#include <phial/master/outcome.h>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/intrusive/list.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class AsioCallBase;

/// How a job finds its call. Shared by both.
struct AsioCallLink {
  AsioCallBase* call = nullptr;  ///< null when the call is settled or dropped; guarded by the mutex
};

class AsioCallBase : public boost::intrusive::list_base_hook<> {
 public:
  AsioCallBase() = default;
  AsioCallBase(const AsioCallBase&) = delete;
  AsioCallBase& operator=(const AsioCallBase&) = delete;

  /// Destroys the call with its handler, and frees the memory.
  virtual void destroy() noexcept = 0;

  const std::shared_ptr<AsioCallLink> link = std::make_shared<AsioCallLink>();
  std::shared_ptr<ForeignJob> job;

 protected:
  virtual ~AsioCallBase() = default;
};

/// The calls of one execution_context that have no outcome yet.
class AsioCallList {
 public:
  /// Takes `call` over.
  void add(AsioCallBase& call) {
    const std::scoped_lock lock(mutex_);
    call.link->call = &call;
    calls_.push_back(call);
  }

  /// The call's outcome is there: calls settle(call), which posts the call to its executor and so
  /// gives it away. Does nothing when the call was dropped. `settle` runs with the lock held, which
  /// keeps the context alive.
  template <class Settle>
  void settle(AsioCallLink& link, Settle settle) {
    const std::scoped_lock lock(mutex_);
    if (link.call == nullptr) return;
    AsioCallBase& call = *std::exchange(link.call, nullptr);
    calls_.erase(calls_.iterator_to(call));
    settle(call);
  }

  /// The context ends: drops every call. The end of a handler may be the end of a pool, whose
  /// thread may be waiting for the lock.
  void close() noexcept {
    while (AsioCallBase* const call = takeFirst()) {
      const auto job = std::move(call->job);
      call->destroy();
      if (job) job->cancel();
    }
  }

 private:
  AsioCallBase* takeFirst() noexcept {
    const std::scoped_lock lock(mutex_);
    if (calls_.empty()) return nullptr;
    AsioCallBase& call = calls_.front();
    calls_.pop_front();
    call.link->call = nullptr;
    return &call;
  }

  std::mutex mutex_;
  boost::intrusive::list<AsioCallBase> calls_;
};

template <class Executor>
boost::asio::execution_context& contextOf(const Executor& executor) {
  return boost::asio::query(executor, boost::asio::execution::context);
}

/// Ties a list to an execution_context.
class AsioCalls final : public boost::asio::execution_context::service {
 public:
  using key_type = AsioCalls;
  inline static boost::asio::execution_context::id id;

  explicit AsioCalls(boost::asio::execution_context& context) : service(context) {}

  template <class Executor>
  static std::shared_ptr<AsioCallList> of(const Executor& executor) {
    return boost::asio::use_service<AsioCalls>(contextOf(executor)).list_;
  }

 private:
  void shutdown() noexcept override { list_->close(); }

  const std::shared_ptr<AsioCallList> list_ = std::make_shared<AsioCallList>();
};

/// A call whose outcome is an Outcome<R>. `Default` is the executor of a handler without one.
template <class R, class Handler, class Default>
class AsioCall final : public AsioCallBase {
 public:
  using Executor = boost::asio::associated_executor_t<Handler, Default>;

  static AsioCall& make(Handler handler, const Default& fallback) {
    Allocator allocator(boost::asio::get_associated_allocator(handler));
    AsioCall* const memory = Traits::allocate(allocator, 1);
    try {
      return *new (memory) AsioCall(std::move(handler), fallback);
    } catch (...) {
      Traits::deallocate(allocator, memory, 1);
      throw;
    }
  }

  Executor executor() const { return work_.get_executor(); }
  auto slot() const { return boost::asio::get_associated_cancellation_slot(handler_); }

  void destroy() noexcept override {
    Allocator allocator(boost::asio::get_associated_allocator(handler_));
    this->~AsioCall();
    Traits::deallocate(allocator, this, 1);
  }

  /// With the list's lock held, by the list: gives the call to its executor, now or at the end
  /// of a turn.
  void settle(Outcome<R> outcome) {
    std::unique_ptr<AsioCall, Destroy> owned(this);
    try {
      outcome_.emplace(std::move(outcome));
    } catch (...) {
      outcome_.emplace(Failure::current());
    }
    std::function<void()> complete = [this] { this->complete(); };
    if (HeldReactor::callAtEndOfTurn(&contextOf(executor()), complete)) {
      owned.release();
    } else {
      boost::asio::post(executor(), Completion(std::move(owned)));
    }
  }

 private:
  using Allocator = typename std::allocator_traits<
      boost::asio::associated_allocator_t<Handler>>::template rebind_alloc<AsioCall>;
  using Traits = std::allocator_traits<Allocator>;

  struct Destroy {
    void operator()(AsioCall* call) const noexcept { call->destroy(); }
  };

  /// On the handler's executor.
  class Completion {
   public:
    explicit Completion(std::unique_ptr<AsioCall, Destroy> call) : call_(std::move(call)) {}

    void operator()() {
      if (auto slot = call_->slot(); slot.is_connected()) slot.clear();
      const auto work = std::move(call_->work_);  // until the handler has returned
      Handler handler = std::move(call_->handler_);
      Outcome<R> outcome = *std::move(call_->outcome_);
      call_.reset();
      try {
        std::move(handler)(std::move(outcome));
      } catch (...) {
        HeldReactor::endTurn();  // io_context::run() throws it before another handler is called
        throw;
      }
    }

   private:
    std::unique_ptr<AsioCall, Destroy> call_;
  };

  /// At the end of a turn, inside a handler of the io_context that is the executor's. Asio's
  /// dispatch calls the handler at once where the executor allows it, and gives what the handler
  /// throws to io_context::run(). Does so here for an executor that lets the exception pass.
  void complete() {
    std::unique_ptr<AsioCall, Destroy> owned(this);
    const Executor executor = this->executor();
    auto& context = static_cast<boost::asio::io_context&>(contextOf(executor));
    Completion completion(std::move(owned));
    if (context.stopped()) return boost::asio::post(executor, std::move(completion));
    try {
      boost::asio::dispatch(executor, std::move(completion));
    } catch (...) {
      boost::asio::post(context,
                        [error = std::current_exception()] { std::rethrow_exception(error); });
    }
    if (context.stopped()) HeldReactor::endTurn();
  }

  AsioCall(Handler handler, const Default& fallback)
      : handler_(std::move(handler)),
        work_(boost::asio::get_associated_executor(handler_, fallback)) {}

  Handler handler_;
  boost::asio::executor_work_guard<Executor> work_;
  std::optional<Outcome<R>> outcome_;
};

/// What a job calls with its outcome, on the pool's thread.
template <class R, class Call>
class AsioReceiver {
 public:
  AsioReceiver(std::shared_ptr<AsioCallList> list, std::shared_ptr<AsioCallLink> link)
      : list_(std::move(list)), link_(std::move(link)) {}

  void operator()(Outcome<R> outcome) {
    list_->settle(*link_,
                  [&](AsioCallBase& call) { static_cast<Call&>(call).settle(std::move(outcome)); });
  }

 private:
  std::shared_ptr<AsioCallList> list_;
  std::shared_ptr<AsioCallLink> link_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
