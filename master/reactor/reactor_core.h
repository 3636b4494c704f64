// What a Reactor consists of.
#pragma once

#include <phial/master/cooperator.h>
#include <phial/master/reactor.h>
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

namespace phial {
namespace detail {

/// Something of another folder's that a Reactor owns, and knows nothing else of.
class EndsWithReactor {
 public:
  virtual ~EndsWithReactor() = default;
};

}  // namespace detail

struct Reactor::Core {
  explicit Core(std::shared_ptr<detail::Loop> shared) : loop(std::move(shared)) {}

  const detail::OwnerThread& thread() const { return loop->thread(); }

  // Drops what has not been called, while all of this still stands: the destructor of what a call
  // holds may call in here again. What it asks for then is dropped at once.
  void close() {
    closed = true;
    cooperator.reset();
    loop->dropCallsOf(guard);
    timers.close();
    soon.close();
    fromThreads.close();
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
  detail::ThreadQueue fromThreads{base, guard};
  detail::Watches watches{base, guard};
  // process/ keeps here what is to end with the Reactor, before the watches.
  std::unique_ptr<detail::EndsWithReactor> children;
  std::unique_ptr<Cooperator> cooperator;  // where somebody has asked for it
  bool closed = false;
};

}  // namespace phial
