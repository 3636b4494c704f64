#include "master/process/quiet_write.h"

#include <cerrno>
#include <csignal>
#include <ctime>

namespace phial::inline v1::detail {
namespace {

sigset_t setOf(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

bool isPending(int signal) {
  sigset_t pending;
  return sigpending(&pending) == 0 && sigismember(&pending, signal) == 1;
}

// SIGPIPE of a write is sent to the writing thread, so blocking it in this thread holds it here.
class HeldSigpipe {
 public:
  HeldSigpipe() noexcept {
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    // Only a signal that was blocked can have been pending before.
    wasPending_ = sigismember(&before_, SIGPIPE) == 1 && isPending(SIGPIPE);
  }
  ~HeldSigpipe() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSigpipe(const HeldSigpipe&) = delete;
  HeldSigpipe& operator=(const HeldSigpipe&) = delete;

  /// Takes back the signal that a write has raised.
  void takeBack() const noexcept {
    if (wasPending_) return;
    constexpr timespec kNow{};
    while (sigtimedwait(&sigpipe_, nullptr, &kNow) < 0 && errno == EINTR) {
    }
  }

 private:
  const sigset_t sigpipe_ = setOf(SIGPIPE);
  sigset_t before_{};
  bool wasPending_ = false;
};

}  // namespace

ssize_t writeQuietly(int fd, std::span<const iovec> parts) noexcept {
  const HeldSigpipe held;
  const ssize_t written = ::writev(fd, parts.data(), static_cast<int>(parts.size()));
  const int error = errno;
  if (written < 0 && error == EPIPE) held.takeBack();
  errno = error;
  return written;
}

}  // namespace phial::inline v1::detail
