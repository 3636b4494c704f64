// A process held by descriptor: pidfds, which glibc 2.36 wraps in part only.
#pragma once

#include <phial/master/exit_status.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace phial::detail {

/// The descriptor, close-on-exec, or -1 with errno. ESRCH: ended and reaped by another already.
int openPidfd(pid_t pid);

/// False when the process has been reaped. Signal 0 only asks.
bool signalPidfd(int pidfd, int signal);

struct ProcessEnd {
  ExitStatus status = StatusUnknown{};
  ResourceUse resources;
};

enum class Wait { kBlock, kPoll };

/// True while the process is a zombie that is ours to reap; its number is then still its own.
bool isZombie(int pidfd);

/// Reaps that process, and no other. Empty, with kPoll, while it runs. StatusUnknown when another
/// has reaped it. `rssFloorBytes` as rssFloor() said when the child was made.
std::optional<ProcessEnd> reap(int pidfd, Wait wait, std::uint64_t rssFloorBytes);

/// The peak resident set of this process, which its next child's will not be less than.
std::uint64_t rssFloor();

}  // namespace phial::detail
