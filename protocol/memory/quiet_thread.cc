#include "protocol/memory/quiet_thread.h"

#include <csignal>
#include <new>
#include <system_error>

namespace phial::inline v1::detail {

std::optional<std::thread> startQuietThread(const std::function<void()>& task) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::optional<std::thread> thread;
  try {
    thread.emplace(task);
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace phial::inline v1::detail
