// Writing to a pipe whose reader may be gone, without SIGPIPE: the signal is the host program's,
// and pipes know no MSG_NOSIGNAL.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <span>

namespace phial::inline v1::detail {

/// As writev(2). EPIPE raises no signal, whatever the host's handler or mask. Costs two system
/// calls more.
ssize_t writeQuietly(int fd, std::span<const iovec> parts) noexcept;

}  // namespace phial::inline v1::detail
