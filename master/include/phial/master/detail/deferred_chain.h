// The parts of a Deferred. Not meant to be used directly.
//
// A Chain is one Deferred, from its producer to its last callback:
//
//     Resolver ──▶ Source ──▶ Chain ──▶ Link ─ Link ─ Link      the callbacks still to run
//                    ▲          │  ▲
//                    └──────────┘  └── Deferred (the handle)
//
// - The Source fires and then holds the result. Each Link turns the result of the node before it
//   into its own result. The chain keeps only the node with the newest result.
// - A callback that returns a Deferred pauses its chain. The chain absorbs the inner chain: it
//   takes over the inner Source and puts the inner links before its own. There is thus always one
//   chain with one Source, however deep the nesting, and cancel() finds the producer in one step.
// - A callback that has returned a Deferred stays in its Link, behind the links of the inner chain,
//   and is destroyed when the inner chain has its result: a coroutine reads the captures of its
//   lambda until it ends. If the last callback of the inner chain returns a Deferred too, the outer
//   callback is destroyed at that moment, so that an endless tail-recursive loop of callbacks runs
//   in constant memory.
// - A chain that would wait for itself is found when the last connection is made, by a walk from
//   the chain up to everything that waits for it. The callback or co_await that would close the
//   ring fails with CircularWaitError. A ring thus never exists.
// - A coroutine or a list of Deferreds waits for a chain's result as the chain's Waiter.
// - A DeferredHandle finds its chain through a HandleTarget, which the chain makes when it is asked
//   for the first handle. If an outer chain absorbs a chain with a target, a HandleEnd behind the
//   inner links ends the handles when these links have run.
//
// Ownership: a Deferred owns its Chain, a pending Chain owns its Source, and a Source owns its
// Chain as long as somebody can still fire it (its producers). Callbacks thus run after the handle
// is gone, and a canceller can be reached after the last Resolver is gone.
//
// Nothing recurses along a chain, whatever its length: run() and cancel() are loops, and objects
// that die while another object dies wait in a list. No exception of a user's function leaves run()
// or cancel(). Reference counts are not atomic: one thread.
#pragma once

#include <phial/protocol/failure.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class Counted;

/// The objects that died while another object was being destroyed on this thread. Each fiber has a
/// list of its own while it runs, so that a destructor that suspends holds up no other stack.
struct DyingObjects {
  Counted* first = nullptr;
  bool draining = false;

  /// Exchanges this list with the thread's.
  void exchangeWithThread() noexcept;
};

/// An object that Ref counts. Destroyed iteratively, however deep the structure below it. Members
/// of derived classes begin in the padding behind the last member: a million queued jobs pay for
/// each of these bytes.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  void retain() noexcept { ++refs_; }
  void release() noexcept {
    if (--refs_ == 0) destroy(this);
  }

 protected:
  virtual ~Counted() = default;
  /// True when the last reference is gone, and the object waits for its destruction.
  bool dying() const noexcept { return refs_ == 0; }

 private:
  static void destroy(Counted* dead) noexcept;

  Counted* nextDead_ = nullptr;
  std::uint32_t refs_ = 0;
};

template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* object) noexcept : object_(object) {
    if (object_) object_->retain();
  }
  Ref(const Ref& other) noexcept : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Ref(Ref<U> other) noexcept : object_(other.detach()) {}  // NOLINT: derived to base
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }

  /// Takes over a reference that has been counted already.
  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  /// Gives the reference to the caller, who now has to release it.
  T* detach() noexcept { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

class Chain;

/// Holds a result, whose type its neighbours know.
class Node : public Counted {
 public:
  /// Points to the std::optional<Outcome<T>> of this node.
  virtual void* slot() noexcept = 0;
  /// The Failure that this node holds; null when it holds a value or no result.
  virtual const Failure* failure() const noexcept = 0;
  /// Makes `failure` the result.
  virtual void fail(Failure failure) = 0;
  /// Called when a link has used the result that it took from this node. `outcome` points to the
  /// rest of the Outcome<T>. Frees the rest if freeing it on the loop would take too long.
  virtual void freeLeftOver(void* outcome) noexcept { static_cast<void>(outcome); }
};

/// A callback that has not run.
class Link : public Node {
 public:
  /// Turns the result of `from` into its own result. If the callback returns a Deferred, returns
  /// the inner chain, whose result will be its own, and keeps the callback. Does not throw.
  virtual Ref<Chain> run(Node& from) = 0;
  /// A node like this one, with `failure` as its result. Keeps the callback.
  virtual Ref<Node> failed(Failure failure) const = 0;
  /// Destroys the callback, which has not run. When its turn comes, this link fails with
  /// CancelledError, which is not reported as unhandled.
  void abandon() noexcept {
    abandoned = true;
    destroyCallback();
  }

  /// True when the callback has run and returned an inner chain, so that the link only keeps the
  /// callback alive; true also for a HandleEnd.
  bool spent = false;
  bool abandoned = false;
  bool endsHandles = false;  // this is a HandleEnd
  Link* next = nullptr;

 protected:
  virtual void destroyCallback() noexcept = 0;
};

/// What the handles of one Deferred refer to. Keeps no chain alive. While the Deferred is part of
/// an outer chain, this target leads to the target of the outer chain.
class HandleTarget final : public Counted {
 public:
  /// The chain that the Deferred is, or is part of; null when the Deferred has ended.
  Chain* chain() const noexcept;
  /// True if this is `target`, or if the Deferred of `target` is part of this one's.
  bool encloses(const HandleTarget& target) const noexcept;

 private:
  friend class Chain;

  Chain* own_ = nullptr;     // null when absorbed or ended
  Ref<HandleTarget> outer_;  // null when not absorbed
};

/// What a Source waits for, for a reader.
struct WaitingFor {
  std::string what;
  std::vector<const Chain*> chains;  // alive as long as the source is pending and no callback runs
  const char* before = "which waits for ";  // what is said before each of the chains
};

/// Forgets where a Chain or Source was made and fired (setDeferredDebugging).
void forgetPlaces(const void* object) noexcept;

/// Where a result comes from: a Resolver or the end of a coroutine fires it once.
class Source : public Node {
 public:
  /// Counts those who can fire the source. When the last producer is gone, the chain lives only as
  /// long as its handle.
  void addProducer() noexcept;
  void dropProducer() noexcept;

  bool fired() const { return fired_; }

  /// Called by a Resolver before it fires. Returns false when this result is the one to be
  /// swallowed after a cancellation without a canceller. Throws AlreadyCalledError.
  bool admit();
  /// The result is in the slot: runs the chain.
  void fire();
  /// As fire(), but returns the chain for the caller to run; may be null.
  Ref<Chain> settle();

  /// Cancels what is pending here. A source that waits for chains appends them to `next` instead,
  /// the last one first, and the caller cancels them. Does not throw.
  virtual void cancel(std::vector<Ref<Chain>>& next) = 0;
  /// True if this source waits for the results of chains, as a coroutine does, and not for a
  /// Resolver.
  virtual bool awaitsChains() const noexcept { return false; }
  /// For describeWaiting().
  virtual WaitingFor waitingFor() const { return {"a Resolver", {}}; }
  /// What the handles of the Deferred that gets the result refer to; null when it no longer exists.
  Ref<HandleTarget> handleTarget() const;

 protected:
  ~Source() override {
    if (traced_) forgetPlaces(this);
  }
  /// The chain that gets the result; null when it no longer exists.
  const Chain* chain() const noexcept { return chain_; }
  /// Makes `failure` the result and runs the chain. If the source has fired already, it keeps its
  /// result, and `failure` is reported as unhandled.
  void failNow(Failure failure);
  /// Destroys what only a pending source needs, such as its canceller.
  virtual void discard() noexcept {}
  /// The next result, and only this one, is swallowed.
  void swallowNext() noexcept { swallowNext_ = true; }

 private:
  friend class Chain;

  std::uint32_t producers_ : 29 = 0;  // zero once fired
  bool traced_ : 1 = false;           // there are Places of this
  bool fired_ : 1 = false;
  bool swallowNext_ : 1 = false;
  Chain* chain_ = nullptr;  // counted while producers_ > 0
};

/// Waits at the end of a chain for its result. Owned by `source`, or by a coroutine of another
/// type.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// Called when the result is there and the chain has forgotten this waiter. Returns a chain to
  /// run next, or null. `source` is held, and this waiter counts as its producer, until it says
  /// otherwise.
  virtual Ref<Chain> resume() = 0;

  Source* source = nullptr;
  bool fed = false;  // true while this counts as a producer of `source`

 protected:
  ~Waiter() = default;
};

class Chain final : public Counted {
 public:
  /// Makes a chain that is pending on `source`.
  static Ref<Chain> pending(Ref<Source> source);
  /// Makes a chain with the result in `node`.
  static Ref<Chain> finished(Ref<Node> node);

  /// The chain that has absorbed `chain`, or `chain` itself.
  static Ref<Chain> resolve(Ref<Chain> chain) noexcept;

  /// True if `target` waits for the result of `chain`, directly or indirectly, or is `chain`. Takes
  /// one step for each Deferred between the two.
  static bool waitsFor(const Chain& target, const Chain* chain) noexcept;

  /// Adds a callback. If the result is there, the callback runs at once.
  static void append(const Ref<Chain>& chain, Ref<Link> link);
  /// Runs every callback that can run, in this chain and in those that wait for it.
  static void run(Ref<Chain> chain);
  /// Cancels the producer that this chain waits for. Does nothing when it waits for none.
  static void cancel(Ref<Chain> chain);

  /// What a new handle of `chain` refers to.
  static Ref<HandleTarget> handleTarget(Ref<Chain> chain);
  /// Abandons the callbacks of the Deferred of `target` that have not run: all from `first` on, or
  /// all when `first` is null. A callback that is added later is abandoned too. Leaves the
  /// callbacks of an inner Deferred alone.
  static void abandon(const HandleTarget& target, const Link* first);
  /// What the chain waits for, in lines of text.
  static std::string describeWaiting(Ref<Chain> chain);

  /// True when this waits for a producer, which cancel() reaches.
  bool pending() const { return pending_; }
  /// True when the producer, or the first of several, has fired. Stays true while an inner Deferred
  /// is waited for.
  bool called() const { return called_; }
  /// True when the result is there and nothing is left to run.
  bool idle() const { return result() && !running_ && !last_; }
  /// The failure that is the result; null when the result is a value. REQUIRES: idle().
  const Failure* failure() const { return node_->failure(); }
  /// The node with the result, which the caller empties. REQUIRES: idle().
  Ref<Node> takeResult();

  /// Resumes `waiter`, which is borrowed, when the result is there. REQUIRES: not idle(), no waiter
  /// yet; the waiter already counts as a producer of its source.
  void await(Waiter& waiter);
  void forgetWaiter() noexcept;

 private:
  friend class Source;
  friend class HandleTarget;
  ~Chain() override;

  /// The node with the newest result; null while there is none.
  Node* result() const { return pending_ ? nullptr : node_.get(); }
  /// The source that this chain is pending on, or null.
  Source* source() const { return pending_ ? static_cast<Source*>(node_.get()) : nullptr; }
  void push(Ref<Link> link) noexcept;
  void pushFront(Ref<Link> link) noexcept;
  Ref<Link> pop() noexcept;
  void attach(Ref<Source> source) noexcept;
  Ref<Source> detachSource() noexcept;

  void advance();
  void absorb(Ref<Chain> inner, Ref<Link> link);
  bool closesRing(const Chain& inner) const noexcept;
  void refuse(Chain& inner, Ref<Link> link);
  void takeOver(Chain& inner) noexcept;
  void takeOverHandles(Chain& inner);
  void popSpent() noexcept;
  std::vector<Ref<Link>> laterLinks(const HandleTarget& target, const Link* first);
  static void endHandles(Link& end) noexcept;
  Ref<Chain> finish();
  void notePlaces(Source* source);
  std::size_t linksToRun(std::size_t most) const noexcept;
  std::string summary() const;
  Ref<Chain> resumeWaiter();
  void feedWaiter() noexcept;

  // Who gets the result when no handle asks for it: a waiter, or the chain that has absorbed this
  // one, or will when this one has run. Never both: each has consumed the Deferred.
  Waiter* waiter() const { return absorbed_ ? nullptr : static_cast<Waiter*>(above_); }
  Chain* outer() const { return absorbed_ ? static_cast<Chain*>(above_) : nullptr; }
  void setOuter(Ref<Chain> outer) noexcept;

  bool running_ : 1 = false;
  bool called_ : 1 = false;
  bool pending_ : 1 = false;
  bool abandoned_ : 1 = false;  // every callback that is added is abandoned
  bool absorbed_ : 1 = false;
  bool traced_ : 1 = false;    // there are Places of this
  Ref<Node> node_;             // the Source while pending, then the newest result, or nothing
  Link* last_ = nullptr;       // the last of a ring of owned links: its next is the first
  void* above_ = nullptr;      // the waiter, or the outer chain, which is counted
  Ref<HandleTarget> handles_;  // null while nobody has asked for a handle
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
