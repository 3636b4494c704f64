#include "master/process/pseudo_terminal.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace phial::inline v1::detail {

std::optional<TerminalEnds> openTerminal(const Pty& size, std::optional<uid_t> owner) noexcept {
  auto spawners = ownDescriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
  if (spawners.get() < 0 || ::unlockpt(spawners) != 0) return std::nullopt;
  // By the open file, not by the name in /dev/pts, which may be another mount's.
  auto childs = ownDescriptor(::ioctl(spawners, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (childs.get() < 0 || !resizeTerminal(spawners, size)) return std::nullopt;
  // The child may open its terminal anew, which only the owner may.
  if (owner && ::fchown(childs, *owner, static_cast<gid_t>(-1)) != 0) return std::nullopt;
  return TerminalEnds{kj::mv(spawners), kj::mv(childs)};
}

bool resizeTerminal(int fd, const Pty& size) noexcept {
  winsize window{};
  window.ws_row = size.rows;
  window.ws_col = size.columns;
  return ::ioctl(fd, TIOCSWINSZ, &window) == 0;
}

}  // namespace phial::inline v1::detail
