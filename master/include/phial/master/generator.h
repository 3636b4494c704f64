// A coroutine that works in steps, for cooperate().
//
//     phial::Generator count(int& n) {
//       while (++n < 1'000'000) co_yield {};  // gives way
//     }
//
// `co_yield {}` ends a step. `co_yield deferred` ends a step too, and the next step waits for the
// result of this Deferred, whatever its type; if the Deferred fails, the task fails and the
// coroutine is destroyed at its co_yield, so that its destructors run. co_await does not compile
// here: to use the value of a Deferred, yield the Deferred of a callback that keeps the value.
//
// The coroutine begins with its first step, from the loop: its arguments are kept as they were
// given, so a reference must stay valid. A temporary lambda that is a coroutine is given to
// cooperate() uncalled. The temporaries that g++ 12 miscompiles in a co_await (coroutine.h) are in
// danger in a co_yield too: give them a name before.
//
// Thread rule: the loop's thread.
#pragma once

#include <phial/master/deferred.h>

#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Owns a coroutine that stands between two steps. Move-only; dropping it destroys the coroutine.
class [[nodiscard]] Generator {
 public:
  class promise_type;

  Generator(Generator&&) noexcept = default;
  Generator& operator=(Generator&&) noexcept = default;
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  ~Generator() = default;

  /// Makes a step. Nothing: the coroutine has ended. An empty Deferred: go on. Another Deferred is
  /// to be waited for before the next step. Throws what the coroutine throws; it has ended then.
  /// REQUIRES: not moved from, not inside a step.
  std::optional<Deferred<void>> operator()();

 private:
  struct Destroy {
    using pointer = std::coroutine_handle<promise_type>;
    void operator()(pointer frame) const { frame.destroy(); }
  };

  explicit Generator(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

  std::unique_ptr<void, Destroy> frame_;
};

class Generator::promise_type {
 public:
  Generator get_return_object() {
    return Generator(std::coroutine_handle<promise_type>::from_promise(*this));
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  void unhandled_exception() const { throw; }  // out of operator()

  std::suspend_always yield_value(Deferred<void>&& wait) {
    wait_ = std::move(wait);
    return {};
  }
  template <class T>
    requires(!std::is_void_v<T>)
  std::suspend_always yield_value(Deferred<T>&& wait) {
    wait_ = std::move(wait).addCallback([](const T&) {});
    return {};
  }
  template <class A>
  std::suspend_never await_transform(A&&) const {
    static_assert(detail::kNever<A>,
                  "a Generator cannot co_await: write co_yield std::move(deferred)");
    return {};
  }

  Deferred<void> takeWait() { return std::exchange(wait_, Deferred<void>()); }

 private:
  Deferred<void> wait_;
};

inline std::optional<Deferred<void>> Generator::operator()() {
  const auto frame = frame_.get();
  if (frame.done()) return std::nullopt;
  frame.resume();
  if (frame.done()) return std::nullopt;
  return frame.promise().takeWait();
}

}  // namespace phial::inline v1

#pragma GCC visibility pop
