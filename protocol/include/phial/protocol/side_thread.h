// A thread beside a loop, for work that would hold up the loop: copying large memory, and the page
// faults of memory that is touched for the first time.
//
// Such work comes in steps, each usually far below a millisecond. Tasks take turns, so a small task
// does not wait for the end of a large one. What a task uses need not be shared: dropping the task
// waits until the thread has left it, for one step at most. This step may have to wait for a
// processor, because the thread has the priority of the workers. As SCHED_IDLE it would delay the
// loop even less (p99 of a 5 ms timer while results of 64 MiB are copied: 0.5 ms instead of 2 ms),
// but dropping a task could take long.
//
// Thread rule: everything here is called on the loop's thread; only the steps run elsewhere.
//
// Life: the thread starts with the first task and ends with the SideThread. The SideThread outlives
// its tasks; the loop outlives the SideThread.
#pragma once

#include <functional>
#include <memory>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class SideThread {
  class Core;
  struct Work {
    std::function<bool()> step;
    std::function<void()> done;
  };

 public:
  /// One piece of work. Dropping it takes the work back: neither of its functions is called after
  /// that.
  class [[nodiscard]] Task {
   public:
    /// No work.
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

  /// Calls a function in a later turn of the loop, as Reactor::callFromThread() does. May be called
  /// on any thread. Must throw nothing but std::bad_alloc.
  using Post = std::function<void(std::function<void()>)>;

  explicit SideThread(Post post);
  /// Takes back the remaining tasks.
  ~SideThread();
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;

  /// Calls `step` on the thread until it returns true, then `done` in a later turn of the loop.
  /// `step` must not throw. `done` may do anything, also drop the task. If no thread can be had,
  /// all steps run here.
  Task run(std::function<bool()> step, std::function<void()> done);

 private:
  const std::shared_ptr<Core> core_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
