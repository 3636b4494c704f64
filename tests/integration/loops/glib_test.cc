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
  GlibHost() { g_main_context_push_thread_default(context_.get()); }
  ~GlibHost() {
    g_main_context_pop_thread_default(context_.get());
    for (GCancellable* each : cancellables_) g_object_unref(each);
  }
  GlibHost(const GlibHost&) = delete;
  GlibHost& operator=(const GlibHost&) = delete;

  GMainContext* context() const { return context_.get(); }
  void hold(Reactor& reactor) { holder_.emplace(context_.get(), reactor); }
  std::optional<glib::Loop>& holder() { return holder_; }
  void turn() { g_main_context_iteration(context_.get(), TRUE); }
  void later(std::function<void()> f) { detail::postTo(context_.get(), std::move(f)); }

  template <auto function, class Jobs, class... A, class Callback>
  std::function<void()> run(const Jobs& pool, std::tuple<A...> args, Callback callback) {
    GCancellable* const cancellable = g_cancellable_new();
    cancellables_.push_back(cancellable);
    glib::run<function>(pool, std::move(args), cancellable, std::move(callback));
    return [cancellable] { g_cancellable_cancel(cancellable); };
  }

 private:
  detail::ContextPtr context_{g_main_context_new()};
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
