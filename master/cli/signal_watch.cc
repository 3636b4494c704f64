#include "master/cli/signal_watch.h"

#include <phial/protocol/error.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

namespace phial::inline v1::cli {

SignalWatch::SignalWatch(Reactor& reactor, std::initializer_list<int> signals,
                         std::function<void()> f)
    : f_(std::move(f)) {
  sigset_t watched;
  sigemptyset(&watched);
  for (const int signal : signals) sigaddset(&watched, signal);
  fd_ = kj::AutoCloseFd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (fd_.get() < 0) throw Error("signalfd failed");
  ::pthread_sigmask(SIG_BLOCK, &watched, &before_);
  watch_ = reactor.addReader(fd_.get(), [this] { take(); });
}

SignalWatch::~SignalWatch() {
  watch_.stop();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void SignalWatch::take() {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) f_();
}

}  // namespace phial::inline v1::cli
