// The process-wide end of the log, for the parts of the master.
#pragma once

#include <phial/master/log.h>
#include <phial/protocol/failure.h>

#include <string>
#include <string_view>

namespace phial::inline v1::detail {

/// Hands `record` to the process-wide sink. Thread-safe. Inside a sink it goes to stderr.
void log(const LogRecord& record) noexcept;

/// Hands `record` to `function`; if that throws, the record goes to stderr.
void logTo(const LogFunction& function, const LogRecord& record) noexcept;

/// Events of which a program may have any number, each of which would be a record.
enum class Recurring { unhandledError, callbackError };
/// Logs an error of no pool; in a flood, counts it only. The next record says how many were not
/// shown, or the program's end does.
void logRecurring(Recurring kind, std::string_view what, const Failure& failure) noexcept;

/// `text` without line breaks: each, with the blanks around it, becomes " | ". Empty lines go.
std::string oneLine(std::string_view text);

}  // namespace phial::inline v1::detail
