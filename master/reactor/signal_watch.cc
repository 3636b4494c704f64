#include <phial/master/signal_watch.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <bit>
#include <cstdint>
#include <utility>

#include "master/reactor/file_descriptor.h"
#include "master/reactor/signal_table.h"

namespace phial::inline v1 {

class SignalWatch::State : public std::enable_shared_from_this<State> {
 public:
  State(std::initializer_list<int> signals, std::function<void(int)> f)
      : f_(std::move(f)),
        eventFd_(detail::checkedFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
    bell_.eventFd = eventFd_.get();
    detail::watchSignals(bell_, signals);
  }
  ~State() { stop(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void start(Reactor& reactor) {
    watch_ = reactor.addReader(eventFd_.get(), [this] { report(); });
  }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    detail::forgetSignals(bell_);
    watch_.stop();
  }

 private:
  void report() {
    const auto self = shared_from_this();  // `f` may drop the SignalWatch
    std::uint64_t count;
    [[maybe_unused]] const auto n = ::read(eventFd_.get(), &count, sizeof count);
    const std::uint64_t arrived = bell_.arrived.exchange(0);
    if (arrived == 0) return;
    // One a turn: `f` may throw, and then the others are still there.
    const std::uint64_t others = arrived & (arrived - 1);
    if (others != 0) detail::ringAgain(bell_, others);
    f_(std::countr_zero(arrived) + 1);
  }

  const std::function<void(int)> f_;
  const detail::FileDescriptor eventFd_;
  detail::SignalBell bell_;
  Watch watch_;
  bool stopped_ = false;
};

SignalWatch::SignalWatch(Reactor& reactor, std::initializer_list<int> signals,
                         std::function<void(int)> f, Wrapped)
    : state_(std::make_shared<State>(signals, std::move(f))) {
  state_->start(reactor);
}

SignalWatch& SignalWatch::operator=(SignalWatch&& other) noexcept {
  if (this == &other) return *this;
  const auto old = std::exchange(state_, std::move(other.state_));
  if (old) old->stop();
  return *this;
}

void SignalWatch::stop() {
  if (const auto state = std::exchange(state_, nullptr)) state->stop();
}

}  // namespace phial::inline v1
