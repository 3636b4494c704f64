// Phial in programs on GLib's main loop, GTK's among them. Header only; needs GLib and GIO 2.36 or
// later (pkg-config gio-2.0).
//
//     phial::Reactor reactor;
//     phial::glib::Loop loop(nullptr, reactor);   // the default GMainContext
//     phial::ProcessPool pool(reactor);
//     phial::glib::run<isPrime>(pool, std::tuple(n), cancellable,
//                               [](phial::Outcome<bool> outcome) { ... });
//     g_main_loop_run(main);
//
// Instead of Reactor and Loop, a BlockingPool may serve: its loop has a thread of its own, run()
// may be called on any thread, and a call costs two hops between threads more.
#pragma once

#include <gio/gio.h>
#include <phial/master/detail/deferred_link.h>
#include <phial/master/detail/foreign_job.h>
#include <phial/master/detail/held_reactor.h>
#include <phial/master/outcome.h>
#include <phial/master/reactor.h>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

struct SourceUnref {
  void operator()(GSource* source) const { g_source_unref(source); }
};
struct ContextUnref {
  void operator()(GMainContext* context) const { g_main_context_unref(context); }
};
using SourcePtr = std::unique_ptr<GSource, SourceUnref>;
using ContextPtr = std::unique_ptr<GMainContext, ContextUnref>;

class HeldByGlib final : public HeldReactor {
 public:
  HeldByGlib(GMainContext* context, Reactor& reactor) : HeldReactor(reactor, context) {
    static GSourceFuncs functions{prepare, check, dispatch, nullptr, nullptr, nullptr};
    const int fd = reactor.fd();
    source_.reset(g_source_new(&functions, sizeof(Source)));
    reinterpret_cast<Source*>(source_.get())->held = this;
    g_source_set_name(source_.get(), "phial");
    // GLib takes a source that may not recurse out of the poll set for each dispatch, and so wakes
    // its own loop up twice. In a nested loop pause() does the same.
    g_source_set_can_recurse(source_.get(), TRUE);
    watch_ = g_source_add_unix_fd(source_.get(), fd, G_IO_IN);
    due_ = 0;
    g_source_attach(source_.get(), context);
  }

 private:
  struct Source {
    GSource source;
    HeldByGlib* held;
  };

  // The time is asked for here: g_source_set_ready_time would wake the context up each time, at the
  // price of a turn.
  static gboolean prepare(GSource* source, gint* timeout) {
    *timeout = -1;
    const auto& due = reinterpret_cast<Source*>(source)->held->due_;
    if (!due) return FALSE;
    const gint64 left = *due - g_source_get_time(source);
    if (left <= 0) return TRUE;
    *timeout = static_cast<gint>(millisecondsUpTo(std::chrono::microseconds(left)).count());
    return FALSE;
  }
  // GLib itself looks at the descriptor.
  static gboolean check(GSource* source) {
    const auto& due = reinterpret_cast<Source*>(source)->held->due_;
    return due && *due <= g_source_get_time(source) ? TRUE : FALSE;
  }
  static gboolean dispatch(GSource* source, GSourceFunc, gpointer) {
    reinterpret_cast<Source*>(source)->held->turn();
    return G_SOURCE_CONTINUE;
  }
  void arm(std::optional<Duration> timeout) override {
    if (std::exchange(paused_, false)) g_source_modify_unix_fd(source_.get(), watch_, G_IO_IN);
    due_.reset();
    if (!timeout) return;
    const auto wait = std::chrono::ceil<std::chrono::microseconds>(*timeout).count();
    due_ = wait == 0 ? 0 : g_get_monotonic_time() + wait;
  }
  void pause() override {
    paused_ = true;
    g_source_modify_unix_fd(source_.get(), watch_, GIOCondition());
    due_.reset();
  }
  void disarm() noexcept override { g_source_destroy(source_.get()); }

  SourcePtr source_;
  gpointer watch_ = nullptr;   // of the descriptor; the source's
  std::optional<gint64> due_;  // on GLib's monotonic clock, in microseconds; 0 for at once
  bool paused_ = false;
};

}  // namespace detail

namespace glib {

/// Holds a Reactor on a GMainContext: while the context is iterated, the Reactor runs, a turn of at
/// most 10 ms at a time, at GLib's default priority. reactor.stop() ends the holding, after its
/// system event triggers; make another Loop to go on. If the GMainLoop quits and is run again, the
/// Reactor goes on, too.
///
/// Nested main loops, such as gtk_dialog_run or g_main_context_iteration: inside a callback of
/// run(), the nested loop runs the Reactor as the outer loop does. Inside a callback of the Reactor
/// itself (a Deferred's, callLater's) it does not: no job ends until the nested loop has returned.
///
/// If `context` is not the default one, push it as the thread's default for run():
/// g_main_context_push_thread_default.
///
/// Life: destroyed before the Reactor; also inside a callback. Keeps the GMainContext alive.
/// Thread rule: made, used and destroyed on the one thread that iterates the context.
class Loop {
 public:
  /// `context` may be null, for the default one. Throws Error as Reactor::fd does, std::logic_error
  /// on another thread than the Reactor's.
  Loop(GMainContext* context, Reactor& reactor)
      : context_(g_main_context_ref(context != nullptr ? context : g_main_context_default())),
        held_(std::make_shared<detail::HeldByGlib>(context_.get(), reactor)) {}
  ~Loop() { held_->release(); }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `f` once when reactor.stop() has ended the holding, such as g_main_loop_quit; replaces
  /// what was given before.
  void onStop(std::function<void()> f) { held_->onStop(std::move(f)); }

 private:
  detail::ContextPtr context_;
  std::shared_ptr<detail::HeldByGlib> held_;
};

}  // namespace glib

namespace detail {

/// Calls `f` once on `context`, in a later iteration; destroyed there or with the context.
template <class F>
void postTo(GMainContext* context, F f) {
  const SourcePtr source(g_idle_source_new());
  g_source_set_priority(source.get(), G_PRIORITY_DEFAULT);
  g_source_set_callback(
      source.get(),
      [](gpointer data) -> gboolean {
        try {
          (*static_cast<F*>(data))();
        } catch (...) {
          reportUnhandled(Failure::current());
        }
        return G_SOURCE_REMOVE;
      },
      new F(std::move(f)), [](gpointer data) { delete static_cast<F*>(data); });
  g_source_attach(source.get(), context);
}

/// Watches a GCancellable on a context until it is destroyed.
class CancellableWatch {
 public:
  CancellableWatch(GCancellable* cancellable, GMainContext* context,
                   std::shared_ptr<ForeignJob> job) {
    if (cancellable == nullptr) return;
    using Kept = std::shared_ptr<ForeignJob>;
    source_.reset(g_cancellable_source_new(cancellable));
    const auto cancelled = [](GCancellable*, gpointer data) -> gboolean {
      const Kept kept = *static_cast<Kept*>(data);
      kept->cancel();
      return G_SOURCE_REMOVE;
    };
    g_source_set_callback(
        source_.get(),
        reinterpret_cast<GSourceFunc>(
            reinterpret_cast<void (*)()>(static_cast<GCancellableSourceFunc>(cancelled))),
        new Kept(std::move(job)), [](gpointer data) { delete static_cast<Kept*>(data); });
    g_source_attach(source_.get(), context);
  }
  ~CancellableWatch() {
    if (source_) g_source_destroy(source_.get());
  }
  CancellableWatch(CancellableWatch&& other) noexcept = default;
  CancellableWatch& operator=(CancellableWatch&&) = delete;

 private:
  SourcePtr source_;
};

/// What a GLib call shares with its job: all of the context's thread, but for the context.
template <class R, class F>
struct GlibCall {
  GlibCall(F f, GMainContext* on) : callback(std::move(f)), context(on) {}

  void finish(Outcome<R> outcome) {
    watch.reset();
    F once = std::move(callback);
    once(std::move(outcome));
  }

  F callback;
  ContextPtr context;
  std::optional<CancellableWatch> watch;
};

/// On the pool's thread: the outcome goes to the context, outside the Reactor's callbacks.
template <class R, class F>
struct GlibReceiver {
  void operator()(Outcome<R> outcome) {
    // What the context holds does not hold the context.
    const ContextPtr context = std::move(call->context);
    std::function<void()> finish = [call = std::move(call),
                                    result = std::make_shared<Outcome<R>>(std::move(outcome))] {
      call->finish(std::move(*result));
    };
    if (!HeldReactor::callAtEndOfTurn(context.get(), finish)) {
      postTo(context.get(), std::move(finish));
    }
  }

  std::shared_ptr<GlibCall<R, F>> call;
};

}  // namespace detail

namespace glib {

/// Runs `function(args...)` in a worker and calls `callback(phial::Outcome<R>)` once, on the
/// thread-default GMainContext of the caller (g_main_context_ref_thread_default), as GTask does,
/// and never inside run(). `pool` is a BlockingPool, or a handle from its with(), on any thread; or
/// a Pool or Submitter on a Reactor of this thread, which a Loop holds. If the context is destroyed
/// first, the callback is destroyed uncalled.
///
/// Arguments convert as those of Submitter::deferToProcess do, inside this call; errors are those
/// of deferToProcess. If `cancellable`, which may be null, is cancelled, on any thread, the job is
/// cancelled on the context and the callback gets CancelledError, or a result that was there
/// already; a reference is held until then. What `callback` throws cannot pass through GLib: it is
/// reported as an unhandled error.
template <auto function, detail::AnySubmitter Jobs, class... A, class F>
void run(const Jobs& pool, std::tuple<A...> args, GCancellable* cancellable, F callback) {
  using R = detail::ResultOfCall<function>;
  using Call = detail::GlibCall<R, F>;
  using Receiver = detail::GlibReceiver<R, F>;
  static_assert(std::invocable<F&, Outcome<R>>,
                "the callback takes a phial::Outcome of the result");
  if constexpr (detail::checkBlockingCall<function, A...>()) {
    auto prepared = detail::prepareCall<function>(std::move(args));
    auto call = std::make_shared<Call>(std::move(callback), g_main_context_ref_thread_default());
    detail::startJob<R>(pool, std::move(prepared), Receiver{call}, nullptr,
                        [&](const std::shared_ptr<detail::ForeignJob>& job) {
                          call->watch.emplace(cancellable, call->context.get(), job);
                        });
  }
}

}  // namespace glib
}  // namespace phial::inline v1

#pragma GCC visibility pop
