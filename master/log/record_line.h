// A record as a line of text.
#pragma once

#include <phial/master/log.h>

#include <chrono>
#include <string>

namespace phial::inline v1::detail {

/// "2026-11-26 16:50:11.123 warning [pool render, worker 3] text", in UTC, with its newline.
/// Control characters but the tab are escaped as \x1b is, so that a worker's output can neither
/// forge a line nor steer a terminal.
std::string recordLine(const LogRecord& record, std::chrono::system_clock::time_point now);

}  // namespace phial::inline v1::detail
