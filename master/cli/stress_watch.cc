#include "master/cli/stress_watch.h"

#include <phial/master/errors.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#ifdef PHIAL_WITH_SERVICE
#include <phial/service.h>
#endif

namespace phial::inline v1::cli {

#ifdef PHIAL_WITH_SERVICE

namespace {

void writeMetrics(const std::string& path, const std::string& text) {
  std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "we");
  bool written = file != nullptr && std::fputs(text.c_str(), file) >= 0 && std::fflush(file) == 0;
  const int reason = errno;
  if (file != nullptr && file != stdout) written = std::fclose(file) == 0 && written;
  if (!written) {
    throw Error("cannot write the metrics to " + path + ": " + std::strerror(reason));
  }
}

}  // namespace

struct StressWatch::Parts {
  Parts(Reactor& reactor, const Files& files, std::function<void(const std::string&)> trouble)
      : metrics(reactor) {
    if (files.trace.empty()) return;
    trace = std::make_unique<TraceFile>(
        reactor, TraceFileOptions{.path = files.trace,
                                  .onError = [trouble = std::move(trouble)](std::string_view text) {
                                    trouble(std::string(text));
                                  }});
  }

  Metrics metrics;
  std::unique_ptr<TraceFile> trace;
};

void StressWatch::begin(Pool& pool) {
  if (!parts_) return;
  parts_->metrics.add("stress", pool);
  if (parts_->trace) parts_->trace->add("stress", pool);
}

Deferred<void> StressWatch::finish() {
  if (!parts_) co_return;
  if (!files_.metrics.empty()) writeMetrics(files_.metrics, parts_->metrics.text());
  if (parts_->trace) co_await parts_->trace->flush();
}

#else

struct StressWatch::Parts {
  Parts(Reactor&, const Files&, const std::function<void(const std::string&)>&) {
    throw Error("--metrics and --trace: this command was built without phial::service");
  }
};

void StressWatch::begin(Pool&) {}
Deferred<void> StressWatch::finish() { return succeed(); }

#endif

StressWatch::StressWatch(Reactor& reactor, Files files,
                         std::function<void(const std::string&)> trouble)
    : files_(std::move(files)) {
  if (files_.metrics.empty() && files_.trace.empty()) return;
  parts_ = std::make_unique<Parts>(reactor, files_, std::move(trouble));
}
StressWatch::~StressWatch() = default;

}  // namespace phial::inline v1::cli
