// What is looked after between jobs, so that a job finds its worker as the first one did.
//
// Put right: interval timers and alarms, the main thread's signal mask, the umask, the working
// directory. Found: descriptors of the worker's own that a job has closed or replaced, typically by
// closing a number twice; such a worker cannot go on.
//
// A look takes some fifteen system calls. A job that ran for less time than one of them takes has
// made none and is not followed by a look, so a stream of no-ops pays nothing. For the others there
// is one before the worker sleeps, where it delays nobody, and one while jobs wait whenever they
// have run for fifty times as long as a look takes: two percent at most.
#pragma once

#include <phial/protocol/control_page.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace phial::inline v1::detail {

class Upkeep {
 public:
  /// Notes how everything is now. `descriptors` are those that the worker needs.
  explicit Upkeep(std::vector<int> descriptors);

  /// Notes that a job has run.
  void ran(std::uint64_t nanoseconds) {
    if (nanoseconds >= systemCallNanos_) unseenNanos_ += nanoseconds;
  }
  /// Whether a look is due although jobs wait.
  bool due() const { return unseenNanos_ > lookNanos_ * kShare; }
  /// Whether there is anything to look for.
  bool any() const { return unseenNanos_ > 0; }

  /// Whether `descriptor` is still what it was. Costs one system call.
  bool holds(int descriptor) const;

  /// Puts right what can be. Returns the descriptor that is no longer the worker's, if any.
  std::optional<int> look();

 private:
  static constexpr std::uint64_t kShare = 50;

  // What a descriptor refers to.
  struct Descriptor {
    int number;
    dev_t device;
    ino_t file;
    mode_t type;
  };

  static std::optional<Descriptor> describe(int number);
  static bool isIntact(const Descriptor& was);
  void returnToDirectory() const;

  std::vector<Descriptor> descriptors_;
  std::vector<__itimer_which_t> timers_;  // but those that the program itself uses
  sigset_t mask_{};
  mode_t umask_ = 0;
  std::string directory_;  // empty when it has no name
  dev_t directoryDevice_ = 0;
  ino_t directoryFile_ = 0;
  std::uint64_t systemCallNanos_ = 0;
  std::uint64_t lookNanos_ = 0;
  std::uint64_t unseenNanos_ = 0;
};

/// Descriptors that are open, from `first` on. Empty without /proc.
std::vector<int> openDescriptors(int first);

}  // namespace phial::inline v1::detail
