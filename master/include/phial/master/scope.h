// Ends what an object has under way together with the object.
//
//     class Thumbnails {
//      public:
//       void add(std::string path) {
//         scope_.hold(pool_.deferToProcess<shrink>(path))
//             .addCallback([this](Image image) { images_.push_back(std::move(image)); })
//             .addErrback([this](const Failure&) { ++failed_; });
//       }
//
//      private:
//       std::vector<Image> images_;
//       int failed_ = 0;
//       phial::Scope scope_;  // the last member: destroyed first
//     };
//
// A callback that captures `this` must not run after the object's end. Dropping a Deferred does not
// help, because its callbacks still run. A Scope does: its destructor destroys the callbacks, and
// cancels what they wait for.
//
// The destructor works in two steps. First it destroys every callback that was added after hold()
// and has not run, in all that it holds. Then it cancels each held Deferred. Callbacks that were
// added before hold() see this cancellation as usual. The Deferred that hold() returned fails with
// CancelledError, for a coroutine, list or outer chain that waits for it. This failure is not
// reported as unhandled.
//
// A Deferred that such a callback has returned, and that is waited for, is cancelled too. Its own
// callbacks run: if they capture `this`, hold() it as well. A coroutine that awaits a held Deferred
// gets CancelledError at its co_await, inside the Scope's destructor; it may clean up what is
// declared before the Scope. If what is cancelled goes on regardless, as a coroutine may, the
// Deferred fails when it ends.
//
// The Scope may be destroyed inside one of these callbacks, or while one of its Deferreds is being
// cancelled. A callback that is running then is destroyed when it returns.
//
// Thread rule: the loop's thread.
#pragma once

#include <phial/master/deferred.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {
namespace detail {

/// A Deferred that a Scope holds.
struct HeldDeferred final : Counted {
  Ref<HandleTarget> target;
  const Link* first = nullptr;  // where the later callbacks begin; null when this link has run
};

/// The handler of the link in front of the later callbacks: passes the result on.
class ScopeEdge {
 public:
  explicit ScopeEdge(Ref<HeldDeferred> held) : held_(std::move(held)) {}
  ScopeEdge(ScopeEdge&&) noexcept = default;
  ScopeEdge& operator=(ScopeEdge&&) = delete;
  ScopeEdge(const ScopeEdge&) = delete;
  ScopeEdge& operator=(const ScopeEdge&) = delete;
  ~ScopeEdge() {
    if (held_) held_->first = nullptr;
  }

  template <class T>
  Ref<Chain> operator()(Outcome<T>& from, std::optional<Outcome<T>>& result) {
    result.emplace(std::move(from));
    return {};
  }

 private:
  Ref<HeldDeferred> held_;
};

}  // namespace detail

/// Holds Deferreds until its end. Neither copyable nor movable.
class Scope {
 public:
  Scope() = default;
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  /// Destroys the later callbacks of everything that is held, and cancels it; see above. Does not
  /// throw.
  ~Scope();

  /// Holds `deferred`, and returns the Deferred to go on with. Add the callbacks that must not
  /// outlive the Scope to the returned Deferred; it may also be dropped, awaited or passed on. When
  /// the Deferred has ended, the Scope forgets it at one of the next calls: memory follows what is
  /// under way. If the Scope is being destroyed, `deferred` is cancelled, and the returned Deferred
  /// never fires. Throws std::logic_error when `deferred` is empty. Costs three allocations.
  template <class T>
  Deferred<T> hold(Deferred<T> deferred) {
    if (ending_) return refuse(std::move(deferred));
    detail::Ref<detail::HeldDeferred> held(new detail::HeldDeferred);
    held->target = detail::Access::handleTarget(deferred);
    using Edge = detail::CallbackLink<T, T, detail::ScopeEdge>;
    detail::Ref<detail::Link> edge(new Edge(detail::ScopeEdge(held)));
    held->first = edge.get();
    add(std::move(held));
    auto chain = detail::Access::unwrap(deferred);
    detail::Chain::append(chain, std::move(edge));
    return detail::Access::wrap<T>(std::move(chain));
  }

  /// The number of held Deferreds that have not ended. Takes one step for each.
  std::size_t size() const;

 private:
  void add(detail::Ref<detail::HeldDeferred> held);
  void forgetEnded();

  template <class T>
  static Deferred<T> refuse(Deferred<T> deferred) {
    auto chain = detail::Access::unwrap(deferred);
    detail::Chain::cancel(chain);
    auto ignored = detail::Access::wrap<T>(std::move(chain)).addErrback([](const Failure&) {});
    return newDeferred<T>().deferred;
  }

  std::vector<detail::Ref<detail::HeldDeferred>> held_;
  std::size_t most_ = 8;  // held_ may grow to this size before the ended ones are looked for
  bool ending_ = false;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
