#include <phial/master/future_bridge.h>
#include <phial/protocol/descriptor.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "protocol/memory/quiet_thread.h"

namespace phial::inline v1::detail {
namespace {

// What the thread and the loop share. The thread touches nothing else, so the Reactor may end.
struct Bell {
  Bell() : fd(ownDescriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))) {
    if (fd == nullptr) throw Error("no descriptor to wait for a std::future");
  }
  void ring() const {
    const std::uint64_t one = 1;
    static_cast<void>(::write(fd.get(), &one, sizeof one));  // the counter is zero: cannot fail
  }

  kj::AutoCloseFd fd;
};

// The loop's part. The callback of its own watch owns it: the two end together, when the watch is
// stopped or when the Reactor ends.
struct Ready {
  std::shared_ptr<const Bell> bell;
  std::function<void()> call;
  Watch watch;  // the last member: ends before the bell's descriptor is closed
};

}  // namespace

void waitBeside(Reactor& reactor, std::function<void()> wait, std::function<void()> ready) {
  auto bell = std::make_shared<const Bell>();
  auto own = std::make_shared<Ready>(bell, std::move(ready), Watch());
  own->watch = reactor.addReader(bell->fd.get(), [own] {
    const auto kept = own;  // stop() destroys this closure
    kept->watch.stop();
    kept->call();
  });
  auto thread = startQuietThread([bell, wait = std::move(wait)]() mutable {
    wait();
    wait = nullptr;  // the loop is the last owner of what it waited for, and destroys it
    bell->ring();
  });
  if (thread) return thread->detach();
  own->watch.stop();
  throw Error("no thread to wait for a std::future");
}

}  // namespace phial::inline v1::detail
