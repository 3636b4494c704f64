// GLib: the suite of every host, and what is GLib's own.
#include <phial/glib.h>

#include <deque>
#include <thread>
#include <vector>

#include "held_loop_suite.h"
#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

class GlibHost {
 public:
  static constexpr bool kCarriesFailures = true;

  GlibHost() { g_main_context_push_thread_default(context_.get()); }
  ~GlibHost() {
    g_main_context_pop_thread_default(context_.get());
    g_main_loop_unref(loop_);
    for (GCancellable* each : cancellables_) g_object_unref(each);
  }
  GlibHost(const GlibHost&) = delete;
  GlibHost& operator=(const GlibHost&) = delete;

  GMainContext* context() const { return context_.get(); }
  void hold(Reactor& reactor) { holder_.emplace(context_.get(), reactor); }
  std::optional<glib::Loop>& holder() { return holder_; }
  void turn() { g_main_context_iteration(context_.get(), TRUE); }
  void later(std::function<void()> f) { detail::postTo(context_.get(), std::move(f)); }
  void enter() { g_main_loop_run(loop_); }
  void leave() { g_main_loop_quit(loop_); }

  template <auto function, class Jobs, class... A, class Callback>
  std::function<void()> run(const Jobs& pool, std::tuple<A...> args, Callback callback) {
    GCancellable* const cancellable = g_cancellable_new();
    cancellables_.push_back(cancellable);
    glib::run<function>(pool, std::move(args), cancellable, std::move(callback));
    return [cancellable] { g_cancellable_cancel(cancellable); };
  }

 private:
  detail::ContextPtr context_{g_main_context_new()};
  GMainLoop* const loop_ = g_main_loop_new(context_.get(), FALSE);
  std::vector<GCancellable*> cancellables_;
  std::optional<glib::Loop> holder_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Glib, HeldLoopSuite, GlibHost);

using GlibTest = HeldLoopSuite<GlibHost>;

TEST_F(GlibTest, CancellingOnAnotherThreadIsHeard) {
  bool cancelled = false;
  const auto cancel = startHanging(
      [&](Outcome<std::string> outcome) { cancelled = outcome.failure().check<CancelledError>(); });
  std::thread other(cancel);
  turnUntil([&] { return cancelled; });
  other.join();
}

TEST_F(GlibTest, ABlockingPoolAnswersOnTheCallersContext) {
  BlockingPool pool({.max = 1});
  const auto caller = std::this_thread::get_id();
  int sum = 0;
  host_->run<loop_jobs::add>(pool, std::tuple(1, 2), [&](Outcome<int> outcome) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    sum = outcome.value();
  });
  turnUntil([&] { return sum != 0; });
  EXPECT_EQ(sum, 3);
}

TEST_F(GlibTest, WhatCallbacksThrowIsReported) {
  const UnhandledErrors unhandled;
  int calls = 0;
  // All end in one turn.
  reactor_->callLater(0s, [&] {
    for (int i = 0; i < 3; ++i) {
      glib::run<loop_jobs::add>(*pool_, std::tuple(1L << 40, i), nullptr, [&, i](Outcome<int>) {
        ++calls;
        throw std::runtime_error(std::to_string(i));
      });
    }
  });
  turnUntil([&] { return calls == 3; });
  EXPECT_EQ(unhandled.messages(), (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(sum(1, 2), 3);
}

TEST_F(GlibTest, ACallbackMayRunANestedLoop) {
  int inner = 0;
  bool done = false;
  glib::run<loop_jobs::add>(*pool_, std::tuple(1, 2), nullptr, [&](Outcome<int>) {
    inner = sum(2, 2);
    done = true;
  });
  turnUntil([&] { return done; });
  EXPECT_EQ(inner, 4);
}

TEST_F(GlibTest, ACallbackMayEndEverything) {
  bool done = false;
  glib::run<loop_jobs::add>(*pool_, std::tuple(1, 2), nullptr, [&](Outcome<int>) {
    pool_.reset();
    host_->holder().reset();
    reactor_.reset();
    done = true;
  });
  turnUntil([&] { return done; });
}

TEST_F(GlibTest, ANestedLoopInsideAReactorsCallbackDoesNotSpin) {
  bool done = false;
  bool over = false;
  reactor_->callLater(0s, [&] {
    reactor_->callLater(0s, [&] { EXPECT_TRUE(over); });
    GSource* const timer = g_timeout_source_new(50);
    const auto end = [](gpointer data) -> gboolean {
      *static_cast<bool*>(data) = true;
      return G_SOURCE_REMOVE;
    };
    g_source_set_callback(timer, end, &over, nullptr);
    g_source_attach(timer, host_->context());
    g_source_unref(timer);
    int turns = 0;
    while (!over) (++turns, host_->turn());
    EXPECT_LE(turns, 20);
    done = true;
  });
  turnUntil([&] { return done; });
  EXPECT_EQ(sum(1, 2), 3);
}

TEST_F(GlibTest, ANestedLoopInsideACallbackDoesNotRunTheReactor) {
  bool done = false;
  bool inner = false;
  reactor_->callLater(0s, [&] {
    reactor_->callLater(0s, [&] { EXPECT_TRUE(inner); });
    host_->later([&] { inner = true; });
    while (!inner) host_->turn();
    done = true;
  });
  turnUntil([&] { return done; });
  EXPECT_EQ(sum(1, 2), 3);
}

}  // namespace
}  // namespace phial
