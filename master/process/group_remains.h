// The remains of a child's process group that are this process's to reap.
//
// What a child leaves behind becomes the child of the next process above that adopts orphans: the
// init of the PID namespace as a rule. In a container that is often the host program itself, and a
// program can ask for it (PR_SET_CHILD_SUBREAPER). A child may also have made siblings of its own
// (CLONE_PARENT), of which nobody has heard yet when the child ends. Somebody has to reap them all,
// and a program that knows only its own children does not.
//
// Only the group that was made for the child is waited for, so no foreign child is touched. A
// group's number stays its own while a process of it is left, a zombie included; so the next look
// is only made while the last one has seen such a process.
#pragma once

#include <phial/master/clock.h>
#include <sys/types.h>

namespace phial::inline v1::detail {

/// Reaps what has ended of the group. True while children of it are left. REQUIRES: the group was
/// made for a child of this process that has been reaped just now, or the last call returned true.
bool reapGroup(pid_t group);

/// Waits for all of it. REQUIRES: as above, and each has been sent SIGKILL.
void waitForGroup(pid_t group);

}  // namespace phial::inline v1::detail
