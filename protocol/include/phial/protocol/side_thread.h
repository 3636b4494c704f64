// A thread beside a loop, for what would hold the loop up: copies of large memory, and the page
// faults of memory that is touched for the first time.
//
// Such work comes in steps, far below a millisecond each as a rule. Tasks take turns, so that a
// small one does not wait for a large one to end. What a task uses need not be shared: dropping the
// task waits until the thread has left it, for one step at the most. That step may have to wait for
// a processor: the thread stands with the workers. Behind them, as SCHED_IDLE, it would make the
// loop wait still less (p99 of a 5 ms timer while results of 64 MiB are copied 0.5 ms, not 2), but
// who drops a task could wait for long.
//
// Thread rule: all of this is called on the loop's thread; only the steps run elsewhere.
// Life: the thread starts with the first task and ends with the SideThread, which outlives its
// tasks and not the loop.
#pragma once

#include <functional>
#include <memory>

namespace phial::detail {

class SideThread {
  class Core;
  struct Work {
    std::function<bool()> step;
    std::function<void()> done;
  };

 public:
  /// One piece of work; dropping it takes it back, after which neither of its functions is called.
  class [[nodiscard]] Task {
   public:
    /// None.
    Task() = default;
    Task(Task&& other) noexcept;
    Task& operator=(Task&& other) noexcept;
    ~Task() { drop(); }

    /// True until its `done` is called.
    bool active() const;
    void drop() noexcept;

   private:
    friend SideThread;
    Task(std::shared_ptr<Core> core, std::unique_ptr<Work> work);

    std::shared_ptr<Core> core_;
    std::unique_ptr<Work> work_;
  };

  /// Calls a function in a later turn of the loop; may be called on any thread, and must not throw
  /// anything but std::bad_alloc: Reactor::callFromThread().
  using Post = std::function<void(std::function<void()>)>;

  explicit SideThread(Post post);
  /// Takes back what is left.
  ~SideThread();
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;

  /// Calls `step` on the thread until it returns true, then `done` in a later turn of the loop.
  /// `step` must not throw; `done` may do anything, also drop the task. Where no thread can be had,
  /// all the steps are done here.
  Task run(std::function<bool()> step, std::function<void()> done);

 private:
  const std::shared_ptr<Core> core_;
};

}  // namespace phial::detail
