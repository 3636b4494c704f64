// A process held by descriptor: pidfds, which glibc 2.36 wraps in part only.
#pragma once

#include <phial/master/exit_status.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace phial::inline v1::detail {

/// The descriptor, close-on-exec, or -1 with errno. ESRCH: ended and reaped by another already.
int openPidfd(pid_t pid);

/// False, with errno, when it was not sent: ESRCH, the process has been reaped; EPERM, this process
/// may not signal it. Signal 0 only asks.
bool signalPidfd(int pidfd, int signal);

/// Whether the process has ended, reaped or not.
bool hasEnded(int pidfd);

/// Whether a signal has stopped the process, which is a child of ours, until SIGCONT.
bool isStopped(int pidfd);
/// The process's number in the PID namespace that /proc shows, which may be another than this
/// process's own; nothing when /proc does not show it.
std::optional<pid_t> numberInProc(int pidfd);

struct ProcessEnd {
  ExitStatus status = StatusUnknown{};
  ResourceUse resources;
};

enum class Wait { kBlock, kPoll };

/// True while the process is a zombie that is ours to reap; its number is then still its own.
bool isZombie(int pidfd);

/// Reaps that process, and no other. Empty, with kPoll, while it runs. StatusUnknown when another
/// has reaped it. `rssFloorBytes` as rssFloor() said once the child had executed its program.
std::optional<ProcessEnd> reap(int pidfd, Wait wait, std::uint64_t rssFloorBytes);

/// What a child's peak resident set must exceed to be its own. A child begins with the peak of the
/// process that spawned it (it shares that memory until it executes its program), so that a smaller
/// one can't be told.
std::uint64_t rssFloor();

}  // namespace phial::inline v1::detail
