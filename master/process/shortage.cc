#include "master/process/shortage.h"

#include <kj/exception.h>
#include <phial/master/process.h>
#include <sys/stat.h>

#include <cerrno>
#include <new>
#include <system_error>

#include "master/reactor/watches.h"

namespace phial::inline v1::detail {
namespace {

// True once this process has asked for children in a PID namespace of their own. When the first of
// them, that namespace's init, has ended, every fork fails with ENOMEM for good.
bool childrenHaveOtherPidNamespace() {
  struct stat own{};
  struct stat childrens{};
  return ::stat("/proc/self/ns/pid", &own) == 0 &&
         ::stat("/proc/self/ns/pid_for_children", &childrens) == 0 &&
         own.st_ino != childrens.st_ino;
}

bool isShortageOf(const SpawnError& error) {
  if (error.step() == "vfork" && error.code() == ENOMEM) return !childrenHaveOtherPidNamespace();
  return isShortage(error.code());
}

}  // namespace

bool isShortage(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM:
    case ENOBUFS:
    case ENOSPC:
      return true;
    default:
      return false;
  }
}

bool isShortage(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return true;
  if (const auto* spawn = dynamic_cast<const SpawnError*>(&error)) return isShortageOf(*spawn);
  if (const auto* watch = dynamic_cast<const WatchRefused*>(&error)) {
    return isShortage(watch->code());
  }
  const auto* system = dynamic_cast<const std::system_error*>(&error);
  return system != nullptr && isShortage(system->code().value());
}

}  // namespace phial::inline v1::detail
