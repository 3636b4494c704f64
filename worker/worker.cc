#include <fcntl.h>
#include <phial/protocol/control_page.h>
#include <phial/protocol/worker_contract.h>
#include <phial/worker/interface.h>
#include <phial/worker/worker.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "worker/crash_handler.h"
#include "worker/exports.h"
#include "worker/own_process.h"
#include "worker/process_title.h"
#include "worker/runtime.h"
#include "worker/template_process.h"
#include "worker/throw_site.h"

namespace phial::inline v1 {
namespace {

bool isPipe(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

// What a job spawns must not hold the worker's pipes open after the worker is gone.
void closeOnExec(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

bool startedByPool() { return std::getenv(kWorkerVariable) != nullptr; }

// Once the worker serves, the variable is gone.
bool serving = false;

// What atexit handlers and destructors would close may not be the worker's any more.
[[noreturn]] void endDamaged() {
  std::fflush(nullptr);
  ::_exit(kCannotServeStatus);
}

// The pipes are closed when it returns.
int runJobs(const detail::Offer& offer, const ControlPageMapping& mapping,
            const std::optional<Failure>& startFailure) {
  detail::Runtime runtime(offer, mapping, startFailure);
  const int status = runtime.serve();
  if (runtime.damaged()) endDamaged();
  return status;
}

}  // namespace

struct Worker::Parts {
  FunctionTable functions;
  detail::Exports exports;
  std::vector<std::function<void()>> onStart;
  std::vector<std::function<void()>> onStop;

  std::optional<Failure> start() {
    detail::ThrowSites throwSites;
    try {
      for (auto& hook : onStart) hook();
      return std::nullopt;
    } catch (...) {
      return Failure::currentOfJob(throwSites.latest());
    }
  }

  int stop() {
    try {
      std::for_each(onStop.rbegin(), onStop.rend(), [](auto& hook) { hook(); });
      return 0;
    } catch (...) {
      const Failure failure = Failure::current();
      std::fprintf(stderr, "onStop failed: %s: %s\n", failure.type().c_str(),
                   failure.message().c_str());
      return kCannotServeStatus;
    }
  }
};

Worker::Worker() : parts_(std::make_unique<Parts>()) { parts_->functions.add(linkedFunctions()); }
Worker::~Worker() = default;

struct detail::WorkerAccess {
  static Exports& exports(Worker& worker) { return worker.parts_->exports; }
};

void detail::exportObject(Worker& worker, kj::Own<capnp::Capability::Server> object,
                          capnp::InterfaceSchema interface) {
  WorkerAccess::exports(worker).add(kj::mv(object), interface);
}

FunctionTable& Worker::table() { return parts_->functions; }

Worker& Worker::onStart(std::function<void()> f) {
  parts_->onStart.push_back(std::move(f));
  return *this;
}

Worker& Worker::onStop(std::function<void()> f) {
  parts_->onStop.push_back(std::move(f));
  return *this;
}

int Worker::serve(int argc, char** argv) {
  const bool ofTemplate = startedByPool() && detail::isTemplate();
  if (!ofTemplate && (!startedByPool() || !isPipe(kRequestFd) || !isPipe(kReplyFd))) {
    std::fprintf(stderr,
                 "%s: this program is a Phial worker: it is started by a process pool, not by "
                 "hand\n",
                 argc > 0 ? argv[0] : "worker");
    return kNotAWorkerStatus;
  }
  auto name = detail::WorkerName::parse(std::getenv(kWorkerVariable));
  ::unsetenv(kWorkerVariable);
  serving = true;
  // Lines reach the log when they are printed, also those just before a crash.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  if (ofTemplate) {
    detail::showAs(name, argc, argv);
    name.number = std::to_string(detail::TemplateProcess(parts_->functions).run());
  }
  closeOnExec(kRequestFd);
  closeOnExec(kReplyFd);
  closeOnExec(kRequestArenaFd);
  closeOnExec(kReplyArenaFd);
  closeOnExec(kFileLaneFd);
  detail::showAs(name, argc, argv);

  // Stays mapped to the end of the process: the signal handlers use it.
  static const auto& mapping = *new ControlPageMapping(ControlPageMapping::adopt(kControlPageFd));
  detail::becomeWorker();
  detail::handleFatalSignals(mapping);
  const auto failure = parts_->start();
  const int status = runJobs({parts_->functions, parts_->exports}, mapping, failure);
  if (failure || status != 0) return status;
  return parts_->stop();
}

bool isWorker() { return serving || startedByPool(); }

void serveIfWorker(int argc, char** argv) { serveIfWorker(argc, argv, {}); }

void serveIfWorker(int argc, char** argv, WorkerHooks hooks) {
  if (!startedByPool()) return;
  Worker worker;
  if (hooks.onStart) worker.onStart(std::move(hooks.onStart));
  if (hooks.onStop) worker.onStop(std::move(hooks.onStop));
  std::exit(worker.serve(argc, argv));
}

}  // namespace phial::inline v1
