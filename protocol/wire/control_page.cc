#include <phial/protocol/control_page.h>

#include <chrono>
#include <utility>

namespace phial::inline v1 {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kFileBytes = kPageBytes + sizeof(ResultMemory) + sizeof(TraceMemory);
static_assert(sizeof(ControlPage) <= kPageBytes);

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
  kj::AutoCloseFd file = detail::newMemoryFile("phial-control", kFileBytes);
  // A worker that truncated the file would make the master's next look at the page a SIGBUS.
  detail::sealMemoryFile(file, detail::kFixedSize);
  return ControlPageMapping(kj::mv(file));
}

ControlPageMapping ControlPageMapping::adopt(int fd) {
  ControlPageMapping mapping{kj::AutoCloseFd(fd)};
  mapping.closeFile();
  return mapping;
}

ControlPageMapping::ControlPageMapping(kj::AutoCloseFd file)
    : file_(kj::mv(file)), mapping_(file_, kFileBytes, detail::SharedMapping::Access::readWrite) {}

ControlPage& ControlPageMapping::page() const {
  return *reinterpret_cast<ControlPage*>(mapping_.at(0));
}

ResultMemory& ControlPageMapping::results() const {
  return *reinterpret_cast<ResultMemory*>(mapping_.at(kPageBytes));
}

TraceMemory& ControlPageMapping::trace() const {
  return *reinterpret_cast<TraceMemory*>(mapping_.at(kPageBytes + sizeof(ResultMemory)));
}

}  // namespace phial::inline v1
