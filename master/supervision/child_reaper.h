// Reaps children whose Process was dropped, when the loop gets to it.
#pragma once

#include <kj/io.h>

#include <list>

#include "master/reactor/watches.h"

namespace phial::detail {

class ChildReaper {
 public:
  explicit ChildReaper(Watches& watches) : watches_(watches) {}
  /// Waits for those that are left; each has been sent SIGKILL.
  ~ChildReaper();

  /// Takes a child that has been sent SIGKILL.
  void adopt(kj::AutoCloseFd pidfd);

 private:
  struct Child {
    kj::AutoCloseFd pidfd;
    Watch watch;
  };

  Watches& watches_;
  std::list<Child> children_;
};

}  // namespace phial::detail
