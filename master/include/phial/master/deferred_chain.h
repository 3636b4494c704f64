// What a Deferred is made of. Nothing here is meant to be used directly.
//
// A Chain is one Deferred from its producer to its last callback:
//
//     Resolver ──▶ Source ──▶ Chain ──▶ Link ─ Link ─ Link      the callbacks still to run
//                    ▲          │  ▲
//                    └──────────┘  └── Deferred (the handle)
//
// - The Source fires and then holds the result; each Link turns the result of the node before it
//   into its own. The chain keeps only the node that holds the newest result.
// - A callback that returns a Deferred pauses its chain: the chain absorbs the inner one, that is,
//   takes over its Source and puts its links before its own. So there is always one chain with one
//   Source however deep the nesting, and cancel() finds the producer in one step.
// - A callback that returned a Deferred stays in its Link, behind the links of the inner chain, and
//   is destroyed when the inner chain has its result: a coroutine reads the captures of its lambda
//   until it ends. When the last callback of the inner chain returns a Deferred in its turn, the
//   outer callback goes at that moment, so that an endless tail-recursive loop of callbacks runs in
//   constant memory.
// - A chain that would have to wait for itself is found when the last connection is made, by a walk
//   from the chain upwards to whatever waits for it; the callback or the co_await that would close
//   the ring fails with CircularWaitError. So there is never a ring to run or to cancel.
// - Whoever wants the result for another Source, a coroutine or a list of Deferreds, stands at the
//   end of the chain as its Waiter.
//
// Who keeps whom alive: a Deferred its Chain, a pending Chain its Source, and a Source its Chain
// for as long as somebody can still fire it (its producers). So callbacks run when the handle is
// gone, and a canceller can be reached when the last Resolver is gone.
//
// Nothing recurses along a chain, whatever its length: run() and cancel() are loops, and what dies
// while something else dies waits in a list. Nothing that a user's function throws leaves run() or
// cancel(). Reference counts are not atomic: one thread.
#pragma once

#include <phial/protocol/failure.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace phial::detail {

/// Counted by Ref. Destroyed iteratively, however deep the structure that hangs on it. Members of
/// derived classes begin in the room that is left behind the last one: a queued job is paid for in
/// these bytes, a million times.
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

  /// Takes over a reference that is counted already.
  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  /// Gives the reference to the caller, uncounted.
  T* detach() noexcept { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

class Chain;

/// Holds a result, of a type that its neighbours know.
class Node : public Counted {
 public:
  /// Points to the std::optional<Outcome<T>> of this node.
  virtual void* slot() noexcept = 0;
  /// The Failure it holds; null for a value or no result.
  virtual const Failure* failure() const noexcept = 0;
  /// Makes `failure` its result.
  virtual void fail(Failure failure) = 0;
  /// A link is done with the result that it took from here; `outcome` points to what is left of it,
  /// the Outcome<T> itself. Frees what would take the loop too long to free.
  virtual void freeLeftOver(void* outcome) noexcept { static_cast<void>(outcome); }
};

/// A callback that has not run.
class Link : public Node {
 public:
  /// Turns the result of `from` into its own; or returns the inner chain whose result is to be its
  /// own, and keeps the callback. Does not throw.
  virtual Ref<Chain> run(Node& from) = 0;
  /// A node like this one, with `failure` as its result; keeps the callback.
  virtual Ref<Node> failed(Failure failure) const = 0;

  /// Has run and returned an inner chain: only keeps the callback alive now.
  bool spent = false;
  Link* next = nullptr;
};

/// Where a result comes from: fired once by a Resolver or by the end of a coroutine.
class Source : public Node {
 public:
  /// Somebody who can fire it came or went. When the last one goes, the chain lives only as long
  /// as its handle.
  void addProducer() noexcept;
  void dropProducer() noexcept;

  bool fired() const { return fired_; }

  /// For a Resolver about to fire. False: this result is the one that a cancellation without a
  /// canceller lets pass unheard. Throws AlreadyCalledError.
  bool admit();
  /// The result is in the slot: lets the chain run.
  void fire();
  /// Like fire(), but leaves the running to the caller: the chain to run, or null.
  Ref<Chain> settle();

  /// Cancels what is pending here. A source that waits for chains appends those to `next` instead,
  /// the last one first, and leaves cancelling them to the caller. Does not throw.
  virtual void cancel(std::vector<Ref<Chain>>& next) = 0;
  /// Whether it waits for the results of chains, as a coroutine does, and not for a Resolver.
  virtual bool awaitsChains() const noexcept { return false; }

 protected:
  /// The chain that gets its result; null when there is none any more.
  const Chain* chain() const noexcept { return chain_; }
  /// Makes `failure` the result and lets the chain run. One that has fired already keeps its
  /// result: then nobody handles `failure`, and it is reported.
  void failNow(Failure failure);
  /// What only a pending source needs, such as its canceller, goes.
  virtual void discard() noexcept {}
  /// The next result, one, is not heard of.
  void swallowNext() noexcept { swallowNext_ = true; }

 private:
  friend class Chain;

  std::uint32_t producers_ : 30 = 0;  // zero once fired
  bool fired_ : 1 = false;
  bool swallowNext_ : 1 = false;
  Chain* chain_ = nullptr;  // counted while producers_ > 0
};

/// Who waits at the end of a chain, for its result. Owned by `source`, or by a coroutine that is
/// none of ours.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// The result is there and the chain does not know this any more. Returns a chain to run next, or
  /// null. `source` is held, and this counts as its producer, until it says otherwise.
  virtual Ref<Chain> resume() = 0;

  Source* source = nullptr;
  bool fed = false;  // counts as a producer of `source`

 protected:
  ~Waiter() = default;
};

class Chain final : public Counted {
 public:
  /// Pending on `source`.
  static Ref<Chain> pending(Ref<Source> source);
  /// Finished, with the result in `node`.
  static Ref<Chain> finished(Ref<Node> node);

  /// The chain that `chain` has become part of, or itself.
  static Ref<Chain> resolve(Ref<Chain> chain) noexcept;

  /// Whether `target` waits for the result of `chain`, however indirectly, or is `chain`. Takes as
  /// many steps as there are Deferreds between the two.
  static bool waitsFor(const Chain& target, const Chain* chain) noexcept;

  /// Adds a callback and runs it at once when the result is there.
  static void append(const Ref<Chain>& chain, Ref<Link> link);
  /// Runs what can be run, here and in whatever waits for it.
  static void run(Ref<Chain> chain);
  /// Cancels the producer that this waits for; nothing when it waits for none.
  static void cancel(Ref<Chain> chain);

  /// True when the producer, or the first of them, has fired; stays true while an inner Deferred
  /// is waited for.
  bool called() const { return called_; }
  /// True when the result is there and nothing is left to run.
  bool idle() const { return result() && !running_ && !last_; }
  /// The node that holds the result, to be emptied. REQUIRES: idle().
  Ref<Node> takeResult();

  /// `waiter`, borrowed, is resumed when the result is there. REQUIRES: not idle(), no waiter yet;
  /// the waiter counts as a producer of its source already.
  void await(Waiter& waiter);
  void forgetWaiter() noexcept;

 private:
  friend class Source;
  ~Chain() override;

  /// The node with the newest result; null while there is none.
  Node* result() const { return pending_ ? nullptr : node_.get(); }
  /// What this is pending on, or null.
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
  Ref<Chain> finish();
  Ref<Chain> resumeWaiter();
  void feedWaiter() noexcept;

  bool running_ = false;
  bool called_ = false;
  bool pending_ = false;
  Ref<Node> node_;        // the Source that this is pending on, or the newest result, or nothing
  Link* last_ = nullptr;  // of a ring of links, which are owned: its next is the first
  Waiter* waiter_ = nullptr;
  Ref<Chain> outer_;  // has absorbed this, or will when this has run
};

}  // namespace phial::detail
