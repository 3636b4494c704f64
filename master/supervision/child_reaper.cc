#include "master/supervision/child_reaper.h"

#include "master/supervision/pidfd.h"

namespace phial::detail {

ChildReaper::~ChildReaper() {
  for (Child& child : children_) reap(child.pidfd, Wait::kBlock, 0);
}

void ChildReaper::adopt(kj::AutoCloseFd pidfd) {
  if (reap(pidfd, Wait::kPoll, 0)) return;
  const auto child = children_.insert(children_.end(), Child{kj::mv(pidfd), Watch()});
  child->watch = watches_.add(child->pidfd, EV_READ, [this, child] {
    if (reap(child->pidfd, Wait::kPoll, 0)) children_.erase(child);
  });
}

}  // namespace phial::detail
