#include <fcntl.h>
#include <phial/protocol/control_page.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace phial {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kFileBytes = kPageBytes + sizeof(ResultMemory);
static_assert(sizeof(ControlPage) <= kPageBytes);

[[noreturn]] void throwErrno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

ControlPage* map(int fd) {
  void* memory = ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) throwErrno("cannot map the control page");
  return static_cast<ControlPage*>(memory);
}

}  // namespace

const char* phaseName(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::idle:
      return "idle";
    case Phase::decoding:
      return "decoding";
    case Phase::running:
      return "running";
    case Phase::encoding:
      return "encoding";
    case Phase::delivering:
      return "delivering";
    case Phase::stopping:
      return "stopping";
  }
  return "unknown";
}

std::int64_t controlPageNanos() {
  // steady_clock is CLOCK_MONOTONIC in both C++ libraries on Linux.
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

ControlPageMapping ControlPageMapping::create() {
  const int fd = ::memfd_create("phial-control", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) throwErrno("cannot create the control page");
  // Sealed against shrinking: a worker that truncates the file would otherwise make the master's
  // next look at the page a SIGBUS.
  if (::ftruncate(fd, kFileBytes) != 0 ||
      ::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    const int error = errno;
    ::close(fd);
    errno = error;
    throwErrno("cannot size the control page");
  }
  try {
    return {map(fd), fd};
  } catch (...) {
    ::close(fd);
    throw;
  }
}

ControlPageMapping ControlPageMapping::adopt(int fd) {
  ControlPageMapping mapping(map(fd), -1);
  ::close(fd);
  return mapping;
}

ControlPageMapping::ControlPageMapping(ControlPageMapping&& other) noexcept
    : page_(std::exchange(other.page_, nullptr)), fd_(std::exchange(other.fd_, -1)) {}

ResultMemory& ControlPageMapping::results() const {
  return *reinterpret_cast<ResultMemory*>(reinterpret_cast<std::byte*>(page_) + kPageBytes);
}

ControlPageMapping::~ControlPageMapping() {
  if (page_ != nullptr) ::munmap(page_, kFileBytes);
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace phial
