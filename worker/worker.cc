#include <fcntl.h>
#include <phial/protocol/control_page.h>
#include <phial/protocol/worker_contract.h>
#include <phial/worker/worker.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "worker/runtime.h"
#include "worker/throw_site.h"

namespace phial {
namespace {

bool isPipe(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

// What a job spawns must not hold the worker's pipes open after the worker is gone.
void closeOnExec(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

// The pool may have spawned us through /proc/self/exe, which makes a poor name in a process list.
void setProcessName(int argc, char** argv) {
  if (argc < 1 || argv[0] == nullptr) return;
  const char* slash = std::strrchr(argv[0], '/');
  ::prctl(PR_SET_NAME, slash != nullptr ? slash + 1 : argv[0]);
}

bool startedByPool() { return std::getenv(kWorkerVariable) != nullptr; }

}  // namespace

struct Worker::Parts {
  FunctionTable functions;
  std::vector<std::function<void()>> onStart;
  std::vector<std::function<void()>> onStop;

  std::optional<Failure> start() {
    detail::ThrowSites throwSites;
    try {
      for (auto& hook : onStart) hook();
      return std::nullopt;
    } catch (...) {
      return Failure(std::current_exception(), throwSites.latest());
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
  if (!startedByPool() || !isPipe(kRequestFd) || !isPipe(kReplyFd)) {
    std::fprintf(stderr,
                 "%s: this program is a Phial worker: it is started by a process pool, not by "
                 "hand\n",
                 argc > 0 ? argv[0] : "worker");
    return kNotAWorkerStatus;
  }
  ::unsetenv(kWorkerVariable);
  closeOnExec(kRequestFd);
  closeOnExec(kReplyFd);
  closeOnExec(kRequestArenaFd);
  closeOnExec(kReplyArenaFd);
  closeOnExec(kFileLaneFd);
  setProcessName(argc, argv);
  // Lines reach the log when they are printed, also those just before a crash.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);

  const auto mapping = ControlPageMapping::adopt(kControlPageFd);
  const auto failure = parts_->start();
  const int status = detail::Runtime(parts_->functions, mapping, failure).serve();
  if (failure || status != 0) return status;
  return parts_->stop();
}

void serveIfWorker(int argc, char** argv) {
  if (!startedByPool()) return;
  Worker worker;
  std::exit(worker.serve(argc, argv));
}

}  // namespace phial
