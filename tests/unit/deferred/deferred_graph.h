// A random graph of Deferreds, built, fired and cancelled as a string of bytes says.
//
// Each byte is a step or the choice within one. The steps make Deferreds of every kind, connect
// them by callbacks, coroutines, lists, races, locks, queues and Scopes, also into rings, and
// settle them by every way there is, also through handles, from inside callbacks too; cancellers,
// callbacks and conversions may throw. Afterwards finish() settles what is left and says what went
// wrong: a Deferred that did not get its result exactly once, a closure or coroutine that was not
// destroyed, a failure that was reported as unhandled although each end had an errback.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>
#include <phial/master/deferred_queue.h>
#include <phial/master/scope.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace phial::testing {

class DeferredGraph {
 public:
  explicit DeferredGraph(std::vector<std::uint8_t> bytes);
  ~DeferredGraph();
  DeferredGraph(const DeferredGraph&) = delete;
  DeferredGraph& operator=(const DeferredGraph&) = delete;

  /// Takes every step, settles what is left, and returns what went wrong; empty when nothing did.
  std::vector<std::string> run();

 private:
  static constexpr std::size_t kMostSlots = 16;
  static constexpr int kMostDepth = 3;

  // How often one Deferred got a result.
  struct Watch {
    int fired = 0;
  };
  // A Deferred in hand, and its watch.
  struct Slot {
    Deferred<int> deferred;
    std::shared_ptr<Watch> watch;
  };
  // Owns a Deferred inside a closure; an unused one ends unheard.
  class Own;

  std::size_t next(std::size_t below);
  void step();
  void make();
  void connect();
  void join();
  void settle();

  Deferred<int> resolvable();
  Deferred<int> callback(Deferred<int> on);
  Deferred<int> coroutine(Deferred<int> on);
  Deferred<int> guarded(Deferred<int> on);
  Deferred<int> scoped(Deferred<int> on);
  Deferred<int> joined(std::vector<Deferred<int>> all);

  static void endUnheard(Deferred<int> deferred);
  void keep(Deferred<int> deferred);
  Deferred<int> take();
  Deferred<int> takeSlot(std::size_t index);
  std::vector<Deferred<int>> takeSeveral();
  void act();
  void fire(std::size_t index);
  void cancel(std::size_t index);
  void cancelHandle(std::size_t index);
  void endScope();
  void forget(std::size_t index);
  void finish();
  void settleRest();

  std::vector<std::uint8_t> bytes_;
  std::size_t position_ = 0;
  int depth_ = 0;       // of steps taken from inside callbacks
  bool rings_ = false;  // some ring was refused, so ends were dropped
  std::vector<std::string> unhandled_;
  std::vector<std::string> troubles_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // held by each closure and coroutine
  ManualClock clock_;
  std::unique_ptr<DeferredLock> lock_ = std::make_unique<DeferredLock>();
  std::unique_ptr<DeferredSemaphore> semaphore_ = std::make_unique<DeferredSemaphore>(2);
  std::unique_ptr<DeferredQueue<int>> queue_ = std::make_unique<DeferredQueue<int>>();
  std::unique_ptr<Scope> scope_ = std::make_unique<Scope>();
  std::shared_ptr<bool> scopeEnded_ = std::make_shared<bool>(false);  // of scope_
  std::vector<DeferredHandle> handles_;
  std::vector<Resolver<int>> resolvers_;
  std::vector<Slot> slots_;
  std::vector<std::shared_ptr<Watch>> watches_;
  UnhandledErrorHook previous_;
};

}  // namespace phial::testing
