// Jobs that print.
#pragma once

namespace log_jobs {

/// Prints "i0" to "i99" again and again on stdout, one a line; returns `lines`.
int print(int lines);
/// The same, then never returns.
int printAndWait(int lines);
/// Prints "line 0" and so on to stderr, then aborts.
void printToStderrAndAbort(int lines);

}  // namespace log_jobs
