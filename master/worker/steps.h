// A piece of SteppedWork under way: on the side thread, or a step a turn on the loop.
#pragma once

#include <phial/master/detail/stepped_work.h>
#include <phial/master/reactor.h>
#include <phial/protocol/side_thread.h>

#include <functional>
#include <memory>

namespace phial::inline v1::detail {

/// Thread rule: the loop's. Dropping one waits for a step on the other thread, and never for one on
/// the loop, whose code may drop it.
class [[nodiscard]] Steps {
 public:
  /// None.
  Steps() = default;
  /// Calls work->step() until it returns true, then `done`. Shares the work as long as needed;
  /// `reactor` and `side` are borrowed.
  Steps(Reactor& reactor, SideThread& side, std::shared_ptr<SteppedWork> work,
        std::function<void()> done);
  Steps(Steps&&) noexcept = default;
  Steps& operator=(Steps&& other) noexcept;
  ~Steps() { drop(); }

  /// True until `done` is called.
  bool active() const;

 private:
  struct OnLoop;

  void drop() noexcept;

  SideThread::Task beside_;
  std::shared_ptr<OnLoop> onLoop_;
};

}  // namespace phial::inline v1::detail
