// Threads of the library's own.
#pragma once

#include <functional>
#include <optional>
#include <thread>

#pragma GCC visibility push(default)  // the master's library uses it too

namespace phial::inline v1::detail {

/// A thread that runs `task` and handles no signal: signals are for the program's own threads.
/// Empty when the system has no thread to give, or no memory for one.
std::optional<std::thread> startQuietThread(const std::function<void()>& task);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
