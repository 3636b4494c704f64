// What a Reactor consists of.
#pragma once

#include <phial/master/cooperator.h>
#include <phial/master/detail/thread_door.h>
#include <phial/master/reactor.h>
#include <phial/master/thread_pool.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "master/reactor/call_guard.h"
#include "master/reactor/loop.h"
#include "master/reactor/soon_queue.h"
#include "master/reactor/thread_queue.h"
#include "master/reactor/timers.h"
#include "master/reactor/watches.h"

namespace phial::inline v1 {
namespace detail {

/// Something of another folder's that a Reactor owns, and knows nothing else of.
class EndsWithReactor {
 public:
  virtual ~EndsWithReactor() = default;
  /// Drops what holds code of the program's. Everything of the Reactor still stands.
  virtual void close() = 0;
};

}  // namespace detail

struct Reactor::Core {
  explicit Core(std::shared_ptr<detail::Loop> shared) : loop(std::move(shared)) {}

  const detail::OwnerThread& thread() const { return loop->thread(); }

  // Drops what has not been called, while all of this still stands: the destructor of what a call
  // holds may call in here again. What it asks for then is dropped at once.
  void close() {
    closed = true;
    door->end();      // nobody waits for this any more, the threads below included
    threads.reset();  // waits for them
    cooperator.reset();
    if (children) children->close();
    loop->dropCallsOf(guard);
    timers.close();
    soon.close();
    watches.close();
  }

  void requireOwnProcess(const char* member) const {
    if (!guard.inherited()) return;
    throw std::logic_error(std::string("Reactor::") + member +
                           ": this Reactor belongs to process " + std::to_string(process) +
                           ", and this one (" + std::to_string(::getpid()) +
                           ") was forked from it: make a Reactor of its own here");
  }

  // Whether a call is dropped instead of kept: at the end, and in a forked child.
  bool inert() const { return closed || guard.inherited(); }

  const pid_t process = ::getpid();
  const std::shared_ptr<detail::Loop> loop;
  event_base& base = loop->base();
  detail::CallGuard guard;
  detail::Timers timers{base, guard, loop->bell()};
  detail::SoonQueue soon{base, guard, loop->bell()};
  const std::shared_ptr<detail::ThreadQueue> fromThreads =
      std::make_shared<detail::ThreadQueue>(base, guard);
  const std::shared_ptr<detail::ThreadDoor> door =
      std::make_shared<detail::ThreadDoor>(fromThreads, loop->waits());
  detail::Watches watches{base, guard};
  // process/ keeps here what is to end with the Reactor, before the watches.
  std::unique_ptr<detail::EndsWithReactor> children;
  std::unique_ptr<ThreadPool> threads;     // made when it is asked for
  std::unique_ptr<Cooperator> cooperator;  // likewise
  bool closed = false;
};

}  // namespace phial::inline v1
