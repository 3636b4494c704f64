#include "master/process/child_setup.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "master/process/child_error.h"
#include "master/process/spawn_plan.h"

namespace phial::inline v1::detail {
namespace {

using Step = ChildError::Step;

constexpr int kSetupFailed = 127;

[[noreturn]] void fail(const ChildContext& context, Step step) {
  const ChildError error{step, errno};
  // Smaller than PIPE_BUF: whole or not at all.
  [[maybe_unused]] const auto n = write(context.reportFd, &error, sizeof error);
  _exit(kSetupFailed);
}

void check(const ChildContext& context, Step step, bool ok) {
  if (!ok) fail(context, step);
}

// What nobody asked for by name: the program starts without it.
void reportLack(const ChildContext& context, Step step) {
  const ChildError lack{step, errno, ChildError::Weight::kLack};
  [[maybe_unused]] const auto n = write(context.reportFd, &lack, sizeof lack);
}

void dieWithSpawner(const ChildContext& context) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) return;
  // A lifeline does the same.
  if (context.plan.lifeline() >= 0) return reportLack(context, Step::kPdeathsig);
  fail(context, Step::kPdeathsig);
}

// It may have died before the child was tied to it: then nobody is left to hear of that. A spawner
// outside of the child's PID namespace has the number 0 there, dead or alive; a worker of a dead
// one finds its pipes at their end.
void dieIfOrphaned(const ChildContext& context) {
  const pid_t parent = getppid();
  if (parent != context.spawner && parent != 0) _exit(kSetupFailed);
}

// The system calls, not glibc's functions: those change every thread of the process, and this one
// still shares the spawner's memory, its list of threads included.
void changeUser(const ChildContext& context) {
  if (!context.uid && !context.gid) return;
  check(context, Step::kSetgroups, syscall(SYS_setgroups, 0, nullptr) == 0);
  if (context.gid) {
    const gid_t gid = *context.gid;
    check(context, Step::kSetgid, syscall(SYS_setresgid, gid, gid, gid) == 0);
  }
  if (context.uid) {
    const uid_t uid = *context.uid;
    check(context, Step::kSetuid, syscall(SYS_setresuid, uid, uid, uid) == 0);
  }
}

void beNicer(const ChildContext& context) {
  if (context.defaultNiceness == 0) return;
  if (!ChildLimits::addDefaultNiceness(context.defaultNiceness)) {
    reportLack(context, Step::kNice);
  }
}

// Only the leader of a session can get a controlling terminal.
void leadGroup(const ChildContext& context) {
  if (context.plan.hasTerminal()) return check(context, Step::kSetsid, setsid() >= 0);
  if (context.ownGroup) check(context, Step::kSetpgid, setpgid(0, 0) == 0);
}

void placeDescriptors(ChildContext& context) {
  // All are closed by exec; dup2 makes those that were asked for an exception.
  check(context, Step::kCloseRange, close_range(0, ~0U, CLOSE_RANGE_CLOEXEC) == 0);
  auto& moves = context.plan.moves();
  // First out of each other's way: a source may have the number of another's target.
  for (FdMove& move : moves) {
    if (move.source > context.plan.highestTarget() || move.source == move.target) continue;
    const int moved = fcntl(move.source, F_DUPFD_CLOEXEC, context.plan.highestTarget() + 1);
    check(context, Step::kDup, moved >= 0);
    move.source = moved;
  }
  for (const FdMove& move : moves) {
    const int result = move.source == move.target ? fcntl(move.source, F_SETFD, 0)
                                                  : dup2(move.source, move.target);
    check(context, Step::kDup, result >= 0);
  }
}

// The kernel signals whoever asked for it when the other end of a pipe closes; it may be asked to
// send SIGKILL, and to a group. No code of the child's takes part when the time comes.
void armLifeline(const ChildContext& context) {
  const int fd = context.plan.lifeline();
  if (fd < 0) return;
  check(context, Step::kLifeline, fcntl(fd, F_SETSIG, SIGKILL) == 0);
  check(context, Step::kLifeline, fcntl(fd, F_SETOWN, -getpid()) == 0);
  check(context, Step::kLifeline, fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK) == 0);
}

// Ignored signals and the mask survive exec. Handlers do not, but they must not run here either,
// in the spawner's memory: so first the dispositions, then the mask, which the spawner has filled.
void resetSignals() {
  struct sigaction byDefault{};
  byDefault.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &byDefault, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

void setUpChild(ChildContext& context) {
  context.ran = true;
  leadGroup(context);
  if (const char* to = context.plan.directory()) check(context, Step::kChdir, chdir(to) == 0);
  placeDescriptors(context);
  if (context.plan.hasTerminal()) {
    check(context, Step::kTerminal, ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0);
  }
  // As the spawner's user, whose right to signal the group the lifeline then has.
  armLifeline(context);
  changeUser(context);
  // After the change of user, which the kernel answers by forgetting it.
  if (context.dieWithSpawner) dieWithSpawner(context);
  if (context.dieWithSpawner || context.plan.lifeline() >= 0) dieIfOrphaned(context);
  resetSignals();
  beNicer(context);
  // The last: until here the child needs what they may forbid, such as descriptors above 10.
  if (const auto failed = context.plan.limits().apply()) fail(context, *failed);
}

void reportExecError(const ChildContext& context) { fail(context, Step::kExec); }

}  // namespace phial::inline v1::detail
