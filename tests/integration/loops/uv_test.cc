// libuv: the suite of every host.
#include <phial/uv.h>

#include <deque>

#include "held_loop_suite.h"
#include "tests/support/unhandled_errors.h"

namespace phial {
namespace {

class UvHost {
 public:
  static constexpr bool kCarriesFailures = true;

  UvHost() { uv_loop_init(&loop_); }
  ~UvHost() {
    holder_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop_), 0);
  }
  UvHost(const UvHost&) = delete;
  UvHost& operator=(const UvHost&) = delete;

  void hold(Reactor& reactor) { holder_.emplace(&loop_, reactor); }
  std::optional<uv::Loop>& holder() { return holder_; }
  void turn() { uv_run(&loop_, UV_RUN_ONCE); }
  void enter() { uv_run(&loop_, UV_RUN_DEFAULT); }
  void leave() { uv_stop(&loop_); }
  void later(std::function<void()> f) {
    auto* const timer = new uv_timer_t;
    timer->data = new std::function<void()>(std::move(f));
    uv_timer_init(&loop_, timer);
    const auto call = [](uv_timer_t* t) {
      using Function = std::function<void()>;
      const std::unique_ptr<Function> once(static_cast<Function*>(t->data));
      uv_close(reinterpret_cast<uv_handle_t*>(t),
               [](uv_handle_t* h) { delete reinterpret_cast<uv_timer_t*>(h); });
      (*once)();
    };
    uv_timer_start(timer, call, 0, 0);
  }

  template <auto function, class... A, class Callback>
  std::function<void()> run(const Submitter& pool, std::tuple<A...> args, Callback callback) {
    return [handle = uv::run<function>(pool, std::move(args), std::move(callback))] {
      handle.cancel();
    };
  }

 private:
  uv_loop_t loop_{};
  std::optional<uv::Loop> holder_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Uv, HeldLoopSuite, UvHost);

using UvTest = HeldLoopSuite<UvHost>;

TEST_F(UvTest, WhatACallbackThrowsIsReported) {
  const UnhandledErrors unhandled;
  bool called = false;
  uv::run<loop_jobs::add>(*pool_, std::tuple(1, 2), [&](Outcome<int>) {
    called = true;
    throw std::runtime_error("mine");
  });
  turnUntil([&] { return called; });
  EXPECT_EQ(sum(1, 2), 3);
  EXPECT_EQ(unhandled.messages(), std::vector<std::string>{"mine"});
}

}  // namespace
}  // namespace phial
