#include <phial/service/trace_file.h>

#include <stdexcept>
#include <utility>

#include "master/service/trace_recorder.h"

namespace phial::inline v1 {
namespace {

constexpr std::uint64_t kLeastFileBytes = std::uint64_t{64} << 10;

TraceFileOptions checked(TraceFileOptions options) {
  const auto refuse = [](const std::string& what) {
    throw std::invalid_argument("TraceFileOptions: " + what);
  };
  if (options.path.empty() || options.path.find('\0') != std::string::npos) {
    refuse("path is empty or holds a NUL");
  }
  if (options.maxFileBytes < kLeastFileBytes) {
    refuse("maxFileBytes is " + std::to_string(options.maxFileBytes) + ", below 65536");
  }
  if (options.maxFiles == 0) refuse("maxFiles is 0");
  if (options.maxJobsPerSecond == 0) refuse("maxJobsPerSecond is 0");
  return options;
}

}  // namespace

TraceFile::TraceFile(Reactor& reactor, TraceFileOptions options)
    : recorder_(std::make_shared<Recorder>(reactor, checked(std::move(options)))) {}

TraceFile::~TraceFile() {
  if (recorder_->inherited()) {
    detail::keepForever(recorder_);
  } else {
    recorder_->stop();
  }
}

void TraceFile::add(std::string name, Pool& pool) { recorder_->add(std::move(name), pool); }
Deferred<void> TraceFile::flush() { return recorder_->flush(); }
std::uint64_t TraceFile::jobs() const { return recorder_->jobs(); }
std::uint64_t TraceFile::jobsLeftOut() const { return recorder_->jobsLeftOut(); }

}  // namespace phial::inline v1
