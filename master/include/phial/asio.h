// Phial in programs on Boost.Asio. Header only; needs Boost 1.81 or later.
//
//     boost::asio::awaitable<void> session(phial::BlockingPool& pool) {
//       using boost::asio::use_awaitable;
//       const bool prime = co_await phial::asio::run<isPrime>(
//           pool, std::tuple(n), phial::asio::throwing(use_awaitable));
//     }
//
// There are two ways to have a pool:
//
//   - The io_context runs on several threads, or belongs to somebody else: make a BlockingPool. Its
//     loop has a thread of its own, and run() may be called from any thread. A call costs two hops
//     between threads more.
//   - The io_context runs on one thread: make a Reactor and a Loop there, and a ProcessPool on the
//     Reactor. Everything then stays on this thread, and a call costs what it does on Phial's own
//     loop.
#pragma once

#include <phial/detail/asio_call.h>
#include <phial/master/detail/foreign_job.h>
#include <phial/master/detail/held_reactor.h>
#include <phial/master/outcome.h>
#include <phial/master/reactor.h>

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_executor.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

class HeldByAsio final : public HeldReactor {
 public:
  HeldByAsio(boost::asio::io_context& context, Reactor& reactor)
      : HeldReactor(reactor, &contextOf(context.get_executor())),
        context_(context),
        descriptor_(context),
        timer_(context) {
    descriptor_.assign(reactor.fd());
  }
  void begin() {
    ofThisThread().push_back(this);
    arm(Duration::zero());
  }

  boost::asio::io_context::executor_type executor() { return context_.get_executor(); }
  /// Those whose io_context runs on this thread. Reactors of one thread share a loop, so any will
  /// do.
  static std::vector<HeldByAsio*>& ofThisThread() {
    static thread_local std::vector<HeldByAsio*> all;
    return all;
  }

 private:
  // Each wait is asked for anew, which makes Asio's edge-triggered epoll look at the level.
  void arm(std::optional<Duration> timeout) override {
    if (!std::exchange(waiting_, true)) {
      descriptor_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                             [weak = weak()](boost::system::error_code error) {
                               const auto self = weak.lock();
                               if (!self) return;
                               self->waiting_ = false;
                               if (!error) self->turn();
                             });
    }
    if (std::exchange(timed_, timeout.has_value())) timer_.cancel();
    if (!timeout) return;
    timer_.expires_after(std::chrono::ceil<std::chrono::steady_clock::duration>(*timeout));
    timer_.async_wait([weak = weak()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (self && !error) self->turn();
    });
  }
  void pause() override {}  // a wait ends with its handler
  void disarm() noexcept override {
    std::erase(ofThisThread(), this);
    boost::system::error_code ignored;
    timer_.cancel(ignored);
    if (descriptor_.is_open()) descriptor_.release();
  }
  std::weak_ptr<HeldByAsio> weak() {
    return std::static_pointer_cast<HeldByAsio>(shared_from_this());
  }

  boost::asio::io_context& context_;
  boost::asio::posix::stream_descriptor descriptor_;  // the event_base's; released, not closed
  boost::asio::steady_timer timer_;
  bool waiting_ = false;
  bool timed_ = false;
};

}  // namespace detail

namespace asio {

/// Holds a Reactor in an io_context that one thread runs: while the io_context runs, so does the
/// Reactor, a turn of at most 10 ms at a time.
///
///     boost::asio::io_context context(1);
///     phial::Reactor reactor;
///     phial::asio::Loop loop(context, reactor);
///     phial::ProcessPool pool(reactor);
///     ...
///     context.run();
///
/// reactor.stop() ends the holding, after its system event triggers; make another Loop to go on.
/// Until then the Loop is outstanding work: io_context::run() does not return, as with any wait. If
/// the io_context stops and is run again, the Reactor goes on, too.
///
/// A nested run of the io_context inside a callback of Phial's does not run the Reactor.
///
/// Life: destroyed before the io_context and before the Reactor; also inside a callback of either.
/// Thread rule: made, used and destroyed on the one thread that runs the io_context.
class Loop {
 public:
  /// Throws Error as Reactor::fd does, std::logic_error on another thread than the Reactor's,
  /// boost::system::system_error when Asio cannot watch the descriptor.
  Loop(boost::asio::io_context& context, Reactor& reactor)
      : held_(std::make_shared<detail::HeldByAsio>(context, reactor)) {
    held_->begin();
  }
  ~Loop() { held_->release(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `f` once when reactor.stop() has ended the holding; replaces what was given before.
  void onStop(std::function<void()> f) { held_->onStop(std::move(f)); }

 private:
  std::shared_ptr<detail::HeldByAsio> held_;
};

/// The completion token of throwing().
template <class Token>
struct Throwing {
  Token token;
};

/// Changes the completion signature of run() to void(std::exception_ptr, R), or
/// void(std::exception_ptr) for a function without a result. With use_awaitable, use_future and
/// their kind the value is then delivered, or the exception thrown. R need not have a default: a
/// handler that takes the R by value although there is an exception gets R() where that exists;
/// otherwise the exception is thrown at its call. Boost 1.81 does not compile a direct co_await of
/// a `deferred` operation with this signature: complete it with use_awaitable.
template <class Token>
Throwing<std::decay_t<Token>> throwing(Token&& token) {
  return {std::forward<Token>(token)};
}

}  // namespace asio

namespace detail {

/// Stands where a handler's R would, beside an exception.
template <class R>
struct NoAsioResult {
  std::exception_ptr why;

  operator R() const {  // NOLINT: takes the place of an R
    if constexpr (std::is_default_constructible_v<R>) {
      return R();
    } else {
      std::rethrow_exception(why);
    }
  }
};

/// Takes an Outcome<R>, and calls a handler of exception and value.
template <class R, class Handler>
struct ThrowingHandler {
  Handler handler;

  void operator()(Outcome<R> outcome) {
    std::exception_ptr error;
    if (!outcome.ok()) error = outcome.failure().exception();
    if constexpr (std::is_void_v<R>) {
      std::move(handler)(error);
    } else if (error) {
      std::move(handler)(error, NoAsioResult<R>{error});
    } else {
      std::move(handler)(error, std::move(outcome).value());
    }
  }
};

template <class R>
struct ThrowingSignature {
  using Type = void(std::exception_ptr, R);
};
template <>
struct ThrowingSignature<void> {
  using Type = void(std::exception_ptr);
};

/// Begins a call of run() when Asio asks for it.
template <class R, class Jobs, class Call>
class AsioInitiation {
 public:
  AsioInitiation(const Jobs& jobs, Call call) : jobs_(jobs), call_(std::move(call)) {}

  template <class Handler>
  void operator()(Handler&& handler) {
    if constexpr (std::derived_from<Jobs, Submitter>) {
      const auto& loops = HeldByAsio::ofThisThread();
      if (loops.empty())
        return start(std::forward<Handler>(handler), boost::asio::system_executor());
      start(std::forward<Handler>(handler), loops.back()->executor());
    } else {
      start(std::forward<Handler>(handler), boost::asio::system_executor());
    }
  }

 private:
  template <class Handler, class Default>
  void start(Handler&& handler, Default fallback) {
    using Made = AsioCall<R, std::decay_t<Handler>, Default>;
    Made& made = Made::make(std::forward<Handler>(handler), fallback);
    const auto list = AsioCalls::of(made.executor());
    const auto prepare = [&](const std::shared_ptr<ForeignJob>& job) {
      made.job = job;
      if (auto slot = made.slot(); slot.is_connected()) slot.template emplace<Cancelling>(job);
      list->add(made);
    };
    startJob<R>(jobs_, std::move(call_), AsioReceiver<R, Made>(list, made.link), hopTo(fallback),
                prepare);
  }
  template <class Default>
  static std::function<void(std::function<void()>)> hopTo(const Default& executor) {
    if constexpr (std::is_same_v<Default, boost::asio::system_executor>) return nullptr;
    return [executor](std::function<void()> f) { boost::asio::post(executor, std::move(f)); };
  }

  struct Cancelling {
    explicit Cancelling(std::shared_ptr<ForeignJob> job) : job_(std::move(job)) {}
    void operator()(boost::asio::cancellation_type type) const {
      using Type = boost::asio::cancellation_type;
      if ((type & (Type::terminal | Type::partial)) != Type::none) job_->cancel();
    }
    std::shared_ptr<ForeignJob> job_;
  };

  Jobs jobs_;
  Call call_;
};

}  // namespace detail

namespace asio {

/// Runs `function(args...)` in a worker and completes with a phial::Outcome<R>: any completion
/// token of Asio's will do. `pool` is a BlockingPool, or a handle from its with(), on any thread;
/// or a Pool or Submitter on a Reactor of this thread, which a Loop holds, or the program runs.
///
///     phial::Outcome<bool> o = co_await run<isPrime>(pool, std::tuple(n), use_awaitable);
///     std::future<bool> f = run<isPrime>(pool, std::tuple(n), throwing(use_future));
///     run<isPrime>(pool, std::tuple(n), bind_executor(strand, [](phial::Outcome<bool> o) { ...
///     }));
///
/// Arguments convert as those of Submitter::deferToProcess do, inside this call: views are copied,
/// what is moved into the tuple is moved on, and a std::shared_ptr<const T> is shared. Errors are
/// those of deferToProcess, all in the Outcome; a Pool of another thread is a std::logic_error
/// there.
///
/// The handler is called exactly once, by its associated executor, never inside run() nor inside a
/// callback of the Reactor; what it throws is the executor's, as with Asio's own operations. If it
/// has no executor, it is called by the io_context of this thread's Loop; without a Loop, by Asio's
/// system_executor, on a thread of the system context. Outstanding work of the executor is held
/// meanwhile. The handler's allocator provides the memory of the call, which is freed on the
/// handler's executor. If the execution context is destroyed first, it destroys the handler
/// uncalled, and the job is cancelled.
///
/// Cancelling: a cancellation_signal of type terminal or partial cancels the job, which then
/// completes with CancelledError, or with a result that was there already. `total` does nothing,
/// because a job may have had effects. Emit on the handler's executor, as always in Asio.
template <auto function, detail::AnySubmitter Jobs, class... A, class Token>
auto run(const Jobs& pool, std::tuple<A...> args, Token&& token) {
  using R = detail::ResultOfCall<function>;
  using Kind = std::conditional_t<std::derived_from<Jobs, Submitter>, Submitter, BlockingSubmitter>;
  if constexpr (detail::checkBlockingCall<function, A...>()) {
    auto call = detail::prepareCall<function>(std::move(args));
    return boost::asio::async_initiate<Token, void(Outcome<R>)>(
        detail::AsioInitiation<R, Kind, decltype(call)>(pool, std::move(call)), token);
  }
}

}  // namespace asio
}  // namespace phial::inline v1

#pragma GCC visibility pop

template <class Token, class R>
class boost::asio::async_result<phial::asio::Throwing<Token>, void(phial::Outcome<R>)> {
 public:
  template <class Initiation, class Throwing, class... A>
  static auto initiate(Initiation&& initiation, Throwing&& throwing, A&&... args) {
    using Signature = typename phial::detail::ThrowingSignature<R>::Type;
    auto wrapped = [initiation = std::decay_t<Initiation>(std::forward<Initiation>(initiation))](
                       auto&& handler, auto&&... more) mutable {
      using Handler = std::decay_t<decltype(handler)>;
      std::move(initiation)(
          phial::detail::ThrowingHandler<R, Handler>{std::forward<decltype(handler)>(handler)},
          std::forward<decltype(more)>(more)...);
    };
    return boost::asio::async_initiate<Token, Signature>(std::move(wrapped), throwing.token,
                                                         std::forward<A>(args)...);
  }
};

/// Executor, allocator and cancellation slot are those of the handler inside.
template <template <class, class> class Associator, class R, class Handler, class Default>
struct boost::asio::associator<Associator, phial::detail::ThrowingHandler<R, Handler>, Default>
    : Associator<Handler, Default> {
  static auto get(const phial::detail::ThrowingHandler<R, Handler>& handler,
                  const Default& fallback = Default()) noexcept {
    return Associator<Handler, Default>::get(handler.handler, fallback);
  }
};
