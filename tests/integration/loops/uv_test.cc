// libuv: the suite of every host.
#include <phial/uv.h>

#include <deque>

#include "held_loop_suite.h"

namespace phial {
namespace {

class UvHost {
 public:
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

}  // namespace
}  // namespace phial
