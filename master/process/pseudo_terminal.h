// A pseudo-terminal for a child.
#pragma once

#include <kj/io.h>
#include <phial/master/process.h>
#include <sys/types.h>

#include <optional>

namespace phial::inline v1::detail {

struct TerminalEnds {
  kj::AutoCloseFd spawners;  ///< non-blocking, for reading and writing
  kj::AutoCloseFd childs;    ///< blocking
};

/// Makes a pseudo-terminal of this size, close-on-exec, which belongs to `owner` if one is given.
/// Neither end becomes this process's controlling terminal. Empty, with errno, when the system
/// refuses.
std::optional<TerminalEnds> openTerminal(const Pty& size, std::optional<uid_t> owner) noexcept;

/// Gives the terminal another size; the kernel tells its foreground process group by SIGWINCH.
/// Returns false, with errno, when `fd` is no terminal.
bool resizeTerminal(int fd, const Pty& size) noexcept;

}  // namespace phial::inline v1::detail
