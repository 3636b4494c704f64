// Limits in the form in which a child can set them on itself: checked, and with nothing left to
// allocate or to look up.
#pragma once

#include <phial/master/limits.h>
#include <sys/resource.h>

#include <optional>
#include <vector>

#include "master/process/child_error.h"

namespace phial::inline v1::detail {

class ChildLimits {
 public:
  /// The largest core number that can be asked for: of the kernels that distributions build.
  static constexpr int kHighestCore = 8191;

  /// Throws std::invalid_argument for limits that nothing could meet.
  explicit ChildLimits(const Limits& limits);

  /// For the child: sets them on the calling process. What failed, with errno, or nothing. The
  /// limit of address space holds as soon as this returns. Async-signal-safe.
  std::optional<ChildError::Step> apply() const noexcept;

  /// For the child: makes it nicer by a default that nobody asked for. False, with errno: refused.
  static bool addDefaultNiceness(int niceness) noexcept { return addNiceness(niceness); }

 private:
  struct Resource {
    ChildError::Step step;
    __rlimit_resource resource;
    rlimit value;
  };

  void limit(ChildError::Step step, __rlimit_resource resource, rlim_t soft, rlim_t hard);
  void limitCpuTime(Duration time);
  void limitCores(CoreDumps dumps);
  void planAffinity(const std::vector<int>& cores);
  bool setAffinity() const noexcept;
  static bool addNiceness(int niceness) noexcept;

  std::vector<Resource> resources_;  // in the order in which they are set
  int niceness_;
  std::vector<unsigned long> affinity_;  // a mask, as the kernel wants it; empty: stay
  bool noNewPrivileges_;
};

/// Throws what a ChildLimits would.
inline void checkLimits(const Limits& limits) { static_cast<void>(ChildLimits(limits)); }

/// The whole seconds after which `time` of the processor is used up.
rlim_t cpuSeconds(Duration time);

/// How much longer a process lives that ignores having used up its time.
inline constexpr rlim_t kCpuGraceSeconds = 1;

}  // namespace phial::inline v1::detail
