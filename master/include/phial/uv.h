// Phial in programs on libuv. Header only; needs libuv 1.x (pkg-config libuv).
//
//     phial::Reactor reactor;
//     phial::uv::Loop loop(uv_default_loop(), reactor);
//     phial::ProcessPool pool(reactor);
//     phial::uv::run<isPrime>(pool, std::tuple(n), [](phial::Outcome<bool> outcome) { ... });
//     uv_run(uv_default_loop(), UV_RUN_DEFAULT);
#pragma once

#include <phial/master/detail/deferred_link.h>
#include <phial/master/detail/held_reactor.h>
#include <phial/master/errors.h>
#include <phial/master/outcome.h>
#include <phial/master/reactor.h>
#include <phial/master/submitter.h>
#include <uv.h>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// Keeps itself alive until libuv has closed its handles.
class HeldByUv final : public HeldReactor {
 public:
  HeldByUv(uv_loop_t* loop, Reactor& reactor) : HeldReactor(reactor, loop), loop_(loop) {}

  void begin(int fd) {
    if (const int error = uv_poll_init(loop_, &poll_, fd); error != 0) {
      throw Error(std::string("uv_poll_init: ") + uv_strerror(error));
    }
    uv_timer_init(loop_, &timer_);
    uv_idle_init(loop_, &idle_);
    poll_.data = timer_.data = idle_.data = this;
    open_ = 3;
    untilClosed_ = shared_from_this();
    arm(Duration::zero());
  }

 private:
  void arm(std::optional<Duration> timeout) override {
    if (!std::exchange(watching_, true)) {
      uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int, int) { turnOf(handle->data); });
    }
    uv_timer_stop(&timer_);
    // libuv would call a timer of zero, started in its own callback, again and again in one turn.
    if (timeout == Duration::zero()) {
      uv_idle_start(&idle_, [](uv_idle_t* handle) { turnOf(handle->data); });
      return;
    }
    uv_idle_stop(&idle_);
    if (!timeout) return;
    const auto wait = static_cast<std::uint64_t>(millisecondsUpTo(*timeout).count());
    uv_update_time(loop_);  // the time of the last wake-up may be long ago
    uv_timer_start(&timer_, [](uv_timer_t* handle) { turnOf(handle->data); }, wait, 0);
  }
  void pause() override {
    watching_ = false;
    uv_poll_stop(&poll_);
    uv_timer_stop(&timer_);
    uv_idle_stop(&idle_);
  }
  void disarm() noexcept override {
    if (open_ == 0) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&poll_), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&idle_), closed);
  }
  static void turnOf(void* self) { static_cast<HeldByUv*>(self)->turn(); }
  static void closed(uv_handle_t* handle) {
    auto* const self = static_cast<HeldByUv*>(handle->data);
    if (--self->open_ == 0) self->untilClosed_.reset();
  }

  uv_loop_t* const loop_;
  uv_poll_t poll_{};
  uv_timer_t timer_{};
  uv_idle_t idle_{};  // while something is due
  bool watching_ = false;
  int open_ = 0;  // handles
  std::shared_ptr<HeldReactor> untilClosed_;
};

}  // namespace detail

namespace uv {

/// Holds a Reactor in a uv_loop_t: while the loop runs, so does the Reactor, a turn of at most 10
/// ms at a time. reactor.stop() ends the holding, after its system event triggers; make another
/// Loop to go on. Until then its handles keep uv_run going. If the loop is stopped (uv_stop)
/// and run again, the Reactor goes on, too.
///
/// Life: destroyed before the Reactor; also inside a callback. The destructor, and reactor.stop(),
/// close the handles, which libuv finishes in the next turn: run the loop once more before
/// uv_loop_close, as for every handle. Thread rule: made, used and destroyed on the loop's thread.
class Loop {
 public:
  /// Throws Error as Reactor::fd does, or when libuv cannot watch the descriptor; std::logic_error
  /// on another thread than the Reactor's.
  Loop(uv_loop_t* loop, Reactor& reactor)
      : held_(std::make_shared<detail::HeldByUv>(loop, reactor)) {
    held_->begin(reactor.fd());
  }
  ~Loop() { held_->release(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `f` once when reactor.stop() has ended the holding; replaces what was given before.
  void onStop(std::function<void()> f) { held_->onStop(std::move(f)); }

 private:
  std::shared_ptr<detail::HeldByUv> held_;
};

/// Runs `function(args...)` in a worker and calls `callback(phial::Outcome<R>)` once, from the
/// loop. Only after the pool's end is it called inside run(), with PoolStopped. Returns a handle
/// with which to cancel the job: the callback then gets CancelledError, inside cancel(). Arguments,
/// errors and thread rule are those of Submitter::deferToProcess. What `callback` throws cannot
/// pass through libuv: it is reported as an unhandled error.
template <auto function, class... A, class F>
DeferredHandle run(const Submitter& pool, std::tuple<A...> args, F callback) {
  using R = detail::ResultOfCall<function>;
  static_assert(std::invocable<F&, Outcome<R>>,
                "the callback takes a phial::Outcome of the result");
  auto deferred = std::apply(
      [&](A&... each) { return pool.deferToProcess<function>(std::move(each)...); }, args);
  auto handle = deferred.handle();
  std::move(deferred).addBoth(std::move(callback));
  return handle;
}

}  // namespace uv
}  // namespace phial::inline v1

#pragma GCC visibility pop
