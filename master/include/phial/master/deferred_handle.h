// A weak reference to a Deferred, for code that may want to cancel a Deferred it has given away.
//
//     auto work = pool.deferToProcess<render>(path);
//     const phial::DeferredHandle handle = work.handle();
//     button.onClick([handle] { handle.cancel(); });
//     return work;  // the caller adds its callbacks; the button still reaches the job
//
// A Deferred is consumed by whoever adds a callback, awaits it or returns it from a callback. Its
// handle follows it: into its continuation, into a coroutine or a list that waits for it, and into
// the outer chain that has absorbed it. The handle's Deferred ends when its last callback has run,
// or when it is destroyed. After the end cancel() does nothing: if a callback of another Deferred
// had returned it, cancel() does not touch what this other Deferred waits for next.
//
// Thread rule: as for the Deferred, the loop's thread, also for copying and destroying a handle.
//
// Costs one allocation for each Deferred whose handle() is called, and one more each time such a
// Deferred is returned from a callback. cancel() takes one step for each Deferred that encloses the
// handle's.
//
// Included by deferred.h.
#pragma once

#include <phial/master/detail/deferred_chain.h>

#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Refers to a Deferred, and keeps nothing alive. Copyable; copies refer to the same Deferred.
class DeferredHandle {
 public:
  /// Refers to nothing.
  DeferredHandle() = default;

  /// False when default-constructed. Stays true when the Deferred has ended.
  explicit operator bool() const { return static_cast<bool>(target_); }

  /// True while the Deferred waits for a producer, which cancel() would reach. False while its
  /// callbacks are running, and after its end.
  bool pending() const;

  /// As Deferred::cancel(). Does nothing after the end of the Deferred, and when empty.
  void cancel() const;

  /// What the Deferred waits for, in lines of text: see describeWaiting (deferred_debugging.h).
  std::string describe() const;

 private:
  template <class T>
  friend class Deferred;
  explicit DeferredHandle(detail::Ref<detail::HandleTarget> target) : target_(std::move(target)) {}

  detail::Ref<detail::HandleTarget> target_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
