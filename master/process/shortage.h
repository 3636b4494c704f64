// Whether the system had nothing left, which passes, or the program cannot be started at all.
#pragma once

#include <exception>
#include <optional>

namespace phial::inline v1::detail {

/// Whether an errno says that descriptors, processes, memory or watches are used up for now:
/// EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS, ENOSPC.
bool isShortage(int error);

/// The same of what starting a worker threw.
bool isShortage(const std::exception& error);

}  // namespace phial::inline v1::detail
