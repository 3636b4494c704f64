#include "master/log/standard_error.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace phial::inline v1::detail {
namespace {

constinit std::optional<DescriptorView> outputAtStart;
constinit std::optional<DescriptorView> errorAtStart;

// Before main, and so before the program can have closed anything.
[[gnu::constructor]] void look() {
  outputAtStart = DescriptorView::of(STDOUT_FILENO);
  errorAtStart = DescriptorView::of(STDERR_FILENO);
}

bool sameFile(const DescriptorView& a, const DescriptorView& b) {
  return a.file.st_dev == b.file.st_dev && a.file.st_ino == b.file.st_ino;
}

bool hasType(const DescriptorView& view, mode_t type) {
  return (view.file.st_mode & S_IFMT) == type;
}

// The kinds of things that a stderr can be; event queues and their like have no type.
bool isWritableStream(const DescriptorView& view) {
  if ((view.statusFlags & O_ACCMODE) == O_RDONLY || (view.statusFlags & O_PATH) != 0) return false;
  return hasType(view, S_IFREG) || hasType(view, S_IFCHR) || hasType(view, S_IFIFO) ||
         hasType(view, S_IFSOCK);
}

bool isNullDevice(const DescriptorView& view) { return view.file.st_rdev == ::makedev(1, 3); }
bool isTerminal(const DescriptorView& view) {
  const unsigned device = ::major(view.file.st_rdev);
  return device == 4 || device == 5 || (device >= 136 && device <= 143);  // tty, console, pty
}

bool wasPutThere(const DescriptorView& view) {
  if (view.closeOnExec) return false;
  if (hasType(view, S_IFCHR)) return isNullDevice(view) || isTerminal(view);
  if (hasType(view, S_IFIFO)) return (view.statusFlags & O_NONBLOCK) == 0;
  const bool forLog =
      (view.statusFlags & O_ACCMODE) == O_WRONLY || (view.statusFlags & O_APPEND) != 0;
  return hasType(view, S_IFREG) && forLog;
}

}  // namespace

std::optional<DescriptorView> DescriptorView::of(int fd) {
  DescriptorView view;
  if (::fstat(fd, &view.file) != 0) return std::nullopt;
  view.statusFlags = ::fcntl(fd, F_GETFL);
  const int flags = ::fcntl(fd, F_GETFD);
  if (view.statusFlags < 0 || flags < 0) return std::nullopt;
  view.closeOnExec = (flags & FD_CLOEXEC) != 0;
  return view;
}

bool isStderr(const std::optional<DescriptorView>& atStart,
              const std::optional<DescriptorView>& now) {
  if (!atStart || !now || !isWritableStream(*now)) return false;
  return sameFile(*atStart, *now) || wasPutThere(*now);
}

int standardError() {
  return isStderr(errorAtStart, DescriptorView::of(STDERR_FILENO)) ? STDERR_FILENO : -1;
}

int standardOutput() {
  return isStderr(outputAtStart, DescriptorView::of(STDOUT_FILENO)) ? STDOUT_FILENO : -1;
}

}  // namespace phial::inline v1::detail
