// Reaps, when the loop gets to it, children whose Process was dropped, and what children have left
// behind of their process groups: see group_remains.h. Keeps the connections of the children that
// have a protocol.
#pragma once

#include <kj/io.h>
#include <sys/types.h>

#include <list>
#include <map>
#include <memory>

#include "master/reactor/reactor_core.h"
#include "master/reactor/timers.h"
#include "master/reactor/watches.h"

namespace phial::inline v1::detail {

/// What runs code of the program's, and so must end while the loop's parts still stand.
class EndsWithLoop {
 public:
  virtual void end() = 0;

 protected:
  ~EndsWithLoop() = default;
};

class ChildReaper final : public EndsWithReactor {
 public:
  ChildReaper(Watches& watches, Timers& timers) : watches_(watches), timers_(timers) {}
  /// Waits for those that are left, save such as could not be sent SIGKILL.
  ~ChildReaper() override;

  /// Ends what is kept.
  void close() override;
  /// Keeps a connection until release(), or until close() ends it.
  void keep(std::shared_ptr<EndsWithLoop> connection);
  void release(const EndsWithLoop& connection) { connections_.erase(&connection); }

  enum class Killed { yes, no };

  /// Takes a child that has been sent SIGKILL, or could not be. `group`: of its own, or 0.
  void adopt(kj::AutoCloseFd pidfd, pid_t group, Killed killed);
  /// Takes the remains of a group of which the leader, a child, has been reaped just now, and the
  /// others were sent SIGKILL.
  void adoptGroup(pid_t group);

 private:
  struct Child {
    kj::AutoCloseFd pidfd;
    pid_t group;
    Killed killed;
    Watch watch;
  };

  bool reapChild(Child& child);
  void lookAtGroup(pid_t group, Duration pause);

  Watches& watches_;
  Timers& timers_;
  std::list<Child> children_;
  std::map<pid_t, DelayedCall> groups_;
  std::map<const EndsWithLoop*, std::shared_ptr<EndsWithLoop>> connections_;
};

}  // namespace phial::inline v1::detail
