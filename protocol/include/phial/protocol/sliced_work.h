// Work that pauses by itself, so that a loop can do other work in between, or another thread can be
// told to stop. Used to read and write large values.
//
// Such work is a coroutine that returns SlicedWork. It awaits Spent(cost) at each point where it
// may pause. To run a part of the work, it awaits the part's SlicedWork:
//
//   SlicedWork readAll(std::vector<Tree>& to, List::Reader list) {
//     for (const auto element : list) {
//       auto one = readTree(to.emplace_back(), element);
//       co_await one;                  // throws what it throws
//       co_await Spent{sizeof(Tree)};  // may pause here
//     }
//   }
//
// A SlicedRun runs the work, one piece at a time. However deep the work nests, the stack does not
// grow.
//
// Thread rule: one thread at a time, but each piece may run on another thread. Nothing that belongs
// to a thread may be held across a co_await.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <limits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class SlicedRun;

/// The work done since the last Spent, in copied bytes or work that takes as long.
struct Spent {
  std::size_t cost;
};

/// A cost that always pauses.
inline constexpr std::size_t kWholePiece = std::numeric_limits<std::size_t>::max();

class [[nodiscard]] SlicedWork {
 public:
  class promise_type;

  /// Work that has already ended.
  SlicedWork() = default;
  SlicedWork(SlicedWork&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  SlicedWork& operator=(SlicedWork&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~SlicedWork();

 private:
  friend SlicedRun;
  using Frame = std::coroutine_handle<promise_type>;

  explicit SlicedWork(Frame frame) : frame_(frame) {}

  Frame frame_;
};

/// Runs one piece of work from its beginning to its end.
class SlicedRun {
 public:
  explicit SlicedRun(SlicedWork work);
  SlicedRun(const SlicedRun&) = delete;
  SlicedRun& operator=(const SlicedRun&) = delete;

  /// Continues until at least `cost` has been spent. Returns true when the work has ended or
  /// failed.
  bool goOn(std::size_t cost);
  /// Throws what the work has thrown. REQUIRES: goOn() has returned true.
  void check() const;

 private:
  friend SlicedWork::promise_type;

  SlicedWork work_;
  SlicedWork::Frame current_;  // the innermost work, which continues next; null at the end
  std::size_t left_ = 0;
  bool paused_ = false;
};

class SlicedWork::promise_type {
 public:
  SlicedWork get_return_object() { return SlicedWork(Frame::from_promise(*this)); }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  void return_void() const noexcept {}
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  /// Continues the work that awaits this one.
  struct End {
    bool await_ready() const noexcept { return false; }
    void await_suspend(Frame ended) const noexcept {
      auto& promise = ended.promise();
      promise.run_->current_ = promise.parent_;
    }
    void await_resume() const noexcept {}
  };
  End final_suspend() const noexcept { return {}; }

  struct Part {
    Frame part;
    bool await_ready() const noexcept { return !part; }
    void await_suspend(Frame parent) const noexcept {
      part.promise().run_ = parent.promise().run_;
      part.promise().parent_ = parent;
      parent.promise().run_->current_ = part;
    }
    void await_resume() const {
      if (part) part.promise().check();
    }
  };
  Part await_transform(const SlicedWork& work) const noexcept { return {work.frame_}; }

  struct Pause {
    SlicedRun& run;
    std::size_t cost;
    bool await_ready() const noexcept {
      if (cost >= run.left_) return false;
      run.left_ -= cost;
      return true;
    }
    void await_suspend(std::coroutine_handle<>) const noexcept { run.paused_ = true; }
    void await_resume() const noexcept {}
  };
  Pause await_transform(Spent spent) const noexcept { return {*run_, spent.cost}; }

 private:
  friend SlicedRun;

  void check() const {
    if (error_) std::rethrow_exception(error_);
  }

  SlicedRun* run_ = nullptr;
  Frame parent_;
  std::exception_ptr error_;
};

inline SlicedWork::~SlicedWork() {
  if (frame_) frame_.destroy();
}

inline SlicedRun::SlicedRun(SlicedWork work) : work_(std::move(work)), current_(work_.frame_) {
  if (current_) current_.promise().run_ = this;
}

inline bool SlicedRun::goOn(std::size_t cost) {
  left_ = cost;
  paused_ = false;
  while (current_ && !paused_) current_.resume();
  return !current_;
}

inline void SlicedRun::check() const {
  if (work_.frame_) work_.frame_.promise().check();
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
