// Whether descriptors 1 and 2 are a stdout and a stderr.
//
// A program may close its standard descriptors and open others, which then get their numbers: a
// log file of its own, but also a database, a client's connection, or the pipe through which
// libevent hears of signals. A line written there does harm. So descriptor 2 is looked at before
// each write: it is a stderr if it is what it was when the program started, or if it looks like
// what programs put in its place on purpose. The same holds for descriptor 1, and for what a child
// inherits.
//
// Two things remain. A file that was opened for writing alone, without close-on-exec, is taken for
// a log, whatever it is. And the system has no write that is conditional: another thread that
// replaces descriptor 2 between the look and the write gets one line into its new file. Writing to
// a duplicate would prevent that, but a child forked meanwhile would hold the duplicate, and with
// it a pipe whose reader waits for its end. A program that puts /dev/null at 0, 1 and 2 instead of
// closing them, or sets a log sink of its own, has neither trouble.
#pragma once

#include <sys/stat.h>

#include <optional>

namespace phial::inline v1::detail {

/// What a descriptor refers to.
struct DescriptorView {
  struct stat file{};
  int statusFlags = 0;
  bool closeOnExec = false;

  /// Empty when it is closed.
  static std::optional<DescriptorView> of(int fd);
};

/// Whether `now` is a stderr, or stdout, in a program whose descriptor of that number was
/// `atStart`.
///
/// Close-on-exec marks a stranger, as a stderr is there for child processes too. So do read-only
/// descriptors, sockets that were not there at the start, and non-blocking pipes, which carry
/// wake-ups. A file must be open for writing alone or for appending, as logs are and databases are
/// not. A program that was started without a stderr never gets one.
bool isStderr(const std::optional<DescriptorView>& atStart,
              const std::optional<DescriptorView>& now);

/// Descriptor 2, or -1 when it is not a stderr at this moment. Thread-safe.
int standardError();
/// The same for descriptor 1.
int standardOutput();

}  // namespace phial::inline v1::detail
