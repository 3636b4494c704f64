#include "worker/upkeep.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace phial::inline v1::detail {
namespace {

std::uint64_t nanosSince(std::int64_t start) {
  return static_cast<std::uint64_t>(controlPageNanos() - start);
}

// The least of several: others may take the processor meanwhile.
template <class F>
std::uint64_t leastNanos(F f) {
  constexpr int kTries = 5;
  auto least = std::numeric_limits<std::uint64_t>::max();
  for (int i = 0; i < kTries; ++i) {
    const auto start = controlPageNanos();
    f();
    least = std::min(least, nanosSince(start));
  }
  return least;
}

}  // namespace

Upkeep::Upkeep(std::vector<int> descriptors) {
  for (const int number : descriptors) {
    if (const auto found = describe(number)) descriptors_.push_back(*found);
  }
  for (const auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval now{};
    // A profiler's, for example.
    const bool used =
        ::getitimer(timer, &now) == 0 && (now.it_value.tv_sec != 0 || now.it_value.tv_usec != 0);
    if (!used) timers_.push_back(timer);
  }
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask_);
  umask_ = ::umask(0);
  ::umask(umask_);
  std::array<char, PATH_MAX> path{};
  struct stat status{};
  if (::getcwd(path.data(), path.size()) != nullptr && ::stat(".", &status) == 0) {
    directory_ = path.data();
    directoryDevice_ = status.st_dev;
    directoryFile_ = status.st_ino;
  }
  systemCallNanos_ = leastNanos([] { ::getppid(); });
  lookNanos_ = leastNanos([this] { look(); });
}

std::optional<Upkeep::Descriptor> Upkeep::describe(int number) {
  struct stat status{};
  if (::fstat(number, &status) != 0) return std::nullopt;
  return Descriptor{number, status.st_dev, status.st_ino, status.st_mode & S_IFMT};
}

std::optional<int> Upkeep::look() {
  unseenNanos_ = 0;
  const itimerval none{};
  for (const auto timer : timers_) ::setitimer(timer, &none, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  ::umask(umask_);
  returnToDirectory();
  for (const Descriptor& was : descriptors_) {
    if (!isIntact(was)) return was.number;
  }
  return std::nullopt;
}

bool Upkeep::isIntact(const Descriptor& was) {
  const auto now = describe(was.number);
  return now && now->device == was.device && now->file == was.file && now->type == was.type;
}

bool Upkeep::holds(int descriptor) const {
  const auto found = std::ranges::find(descriptors_, descriptor, &Descriptor::number);
  return found == descriptors_.end() || isIntact(*found);
}

void Upkeep::returnToDirectory() const {
  if (directory_.empty()) return;
  struct stat status{};
  const bool there = ::stat(".", &status) == 0 && status.st_dev == directoryDevice_ &&
                     status.st_ino == directoryFile_;
  if (there || ::chdir(directory_.c_str()) == 0) return;
  std::fprintf(stderr, "cannot go back to the working directory %s, which a job has left\n",
               directory_.c_str());
}

std::vector<int> openDescriptors(int first) {
  std::vector<int> open;
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return open;
  while (const dirent* const entry = ::readdir(folder)) {
    const int number = std::atoi(entry->d_name);
    if (number >= first && number != ::dirfd(folder)) open.push_back(number);
  }
  ::closedir(folder);
  return open;
}

}  // namespace phial::inline v1::detail
