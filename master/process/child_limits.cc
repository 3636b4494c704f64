#include "master/process/child_limits.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <stdexcept>
#include <string>

namespace phial::inline v1::detail {
namespace {

using Step = ChildError::Step;

constexpr std::size_t kCoresPerWord = sizeof(unsigned long) * CHAR_BIT;
constexpr std::size_t kMaskWords = (ChildLimits::kHighestCore + 1) / kCoresPerWord;

// Turns off also cores that the system pipes to a program, for which 0 stands for any size, while
// no core that goes to a file is so small.
constexpr rlim_t kNoCore = 1;

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("limits." + what); }

std::uint64_t checked(const char* name, std::uint64_t value) {
  if (value == 0) refuse(std::string(name) + " is 0: leave it out for no limit");
  return value;
}

}  // namespace

rlim_t cpuSeconds(Duration time) {
  return static_cast<rlim_t>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

ChildLimits::ChildLimits(const Limits& limits)
    : niceness_(limits.niceness.value_or(0)), noNewPrivileges_(limits.noNewPrivileges) {
  limitCores(limits.coreDumps);
  if (const auto bytes = limits.fileSizeBytes) limit(Step::kFileSize, RLIMIT_FSIZE, *bytes, *bytes);
  if (const auto files = limits.openFiles) {
    const rlim_t most = checked("openFiles", *files);
    limit(Step::kOpenFiles, RLIMIT_NOFILE, most, most);
  }
  if (limits.cpuTime) limitCpuTime(*limits.cpuTime);
  if (const auto bytes = limits.addressSpaceBytes) {
    const rlim_t most = checked("addressSpaceBytes", *bytes);
    limit(Step::kAddressSpace, RLIMIT_AS, most, most);
  }
  planAffinity(limits.affinity);
}

void ChildLimits::limit(Step step, __rlimit_resource resource, rlim_t soft, rlim_t hard) {
  resources_.push_back({step, resource, {soft, hard}});
}

void ChildLimits::limitCpuTime(Duration time) {
  if (time < std::chrono::seconds(1)) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    refuse("cpuTime is " + std::to_string(milliseconds) +
           " ms: it is counted in seconds and must be at least one");
  }
  const rlim_t seconds = cpuSeconds(time);
  limit(Step::kCpuTime, RLIMIT_CPU, seconds, seconds + kCpuGraceSeconds);
}

void ChildLimits::limitCores(CoreDumps dumps) {
  switch (dumps) {
    case CoreDumps::inherit:
      return;
    case CoreDumps::off:
      return limit(Step::kCoreDumps, RLIMIT_CORE, kNoCore, kNoCore);
    case CoreDumps::on: {
      rlimit ours{};
      getrlimit(RLIMIT_CORE, &ours);
      return limit(Step::kCoreDumps, RLIMIT_CORE, ours.rlim_max, ours.rlim_max);
    }
  }
  refuse("coreDumps is " + std::to_string(static_cast<int>(dumps)) + ", which is no CoreDumps");
}

void ChildLimits::planAffinity(const std::vector<int>& cores) {
  if (cores.empty()) return;
  affinity_.resize(kMaskWords);
  for (const int core : cores) {
    if (core < 0 || core > kHighestCore) {
      refuse("affinity names core " + std::to_string(core) + ", not from 0 to " +
             std::to_string(kHighestCore));
    }
    const auto number = static_cast<std::size_t>(core);
    affinity_[number / kCoresPerWord] |= 1UL << (number % kCoresPerWord);
  }
}

// The kernel leaves out what is not there and is content with the rest; we are not.
bool ChildLimits::setAffinity() const noexcept {
  const std::size_t bytes = affinity_.size() * sizeof(unsigned long);
  if (syscall(SYS_sched_setaffinity, 0, bytes, affinity_.data()) != 0) return false;
  std::array<unsigned long, kMaskWords> got{};
  if (syscall(SYS_sched_getaffinity, 0, bytes, got.data()) < 0) return false;
  errno = EINVAL;
  return std::equal(got.begin(), got.end(), affinity_.begin());
}

bool ChildLimits::addNiceness(int niceness) noexcept {
  errno = 0;
  return nice(niceness) != -1 || errno == 0;
}

std::optional<Step> ChildLimits::apply() const noexcept {
  if (niceness_ != 0 && !addNiceness(niceness_)) return Step::kNice;
  if (!affinity_.empty() && !setAffinity()) return Step::kAffinity;
  if (noNewPrivileges_ && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Step::kNoNewPrivileges;
  }
  for (const Resource& one : resources_) {
    if (setrlimit(one.resource, &one.value) != 0) return one.step;
  }
  return std::nullopt;
}

}  // namespace phial::inline v1::detail
