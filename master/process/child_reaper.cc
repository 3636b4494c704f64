#include "master/process/child_reaper.h"

#include <algorithm>
#include <utility>

#include "master/process/group_remains.h"
#include "master/process/pidfd.h"

namespace phial::inline v1::detail {
namespace {

// A killed process is gone within microseconds, unless the kernel holds it.
constexpr Duration kFirstPause = std::chrono::milliseconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(1);

}  // namespace

ChildReaper::~ChildReaper() {
  for (Child& child : children_) {
    const bool reaped =
        reap(child.pidfd, child.killed == Killed::yes ? Wait::kBlock : Wait::kPoll, 0).has_value();
    if (reaped && child.group != 0) waitForGroup(child.group);
  }
  for (auto& [group, look] : groups_) {
    look.cancel();
    waitForGroup(group);
  }
}

void ChildReaper::keep(std::shared_ptr<EndsWithLoop> connection) {
  const auto* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

// What a connection drops is the program's, and may spawn or drop others meanwhile.
void ChildReaper::close() {
  while (!connections_.empty()) connections_.extract(connections_.begin()).mapped()->end();
}

void ChildReaper::adopt(kj::AutoCloseFd pidfd, pid_t group, Killed killed) {
  const auto child =
      children_.insert(children_.end(), Child{kj::mv(pidfd), group, killed, Watch()});
  if (reapChild(*child)) {
    children_.erase(child);
    return;
  }
  try {
    child->watch = watches_.add(child->pidfd, EV_READ, [this, child] {
      if (reapChild(*child)) children_.erase(child);
    });
  } catch (const Error&) {
    // The system has nothing left to watch it with. A killed child is gone in a moment.
    if (killed == Killed::no) return;
    reap(child->pidfd, Wait::kBlock, 0);
    children_.erase(child);
  }
}

bool ChildReaper::reapChild(Child& child) {
  if (!reap(child.pidfd, Wait::kPoll, 0)) return false;
  if (child.group != 0) adoptGroup(child.group);
  return true;
}

void ChildReaper::adoptGroup(pid_t group) { lookAtGroup(group, kFirstPause); }

void ChildReaper::lookAtGroup(pid_t group, Duration pause) {
  groups_.erase(group);
  if (!reapGroup(group)) return;
  groups_[group] = timers_.add(pause, [this, group, next = std::min(2 * pause, kLongestPause)] {
    lookAtGroup(group, next);
  });
}

}  // namespace phial::inline v1::detail
