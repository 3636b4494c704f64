#include "worker.h"

#include <fcntl.h>
#include <phial/worker.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "bench.h"
#include "handshake.h"

namespace matrix {
namespace {

constexpr const char* kRole = "--as-worker";

std::string relentFile(const std::string& scratch) { return scratch + "/relent"; }

// The how manieth worker this process is.
unsigned takeNumber(const std::string& scratch) {
  for (unsigned number = 1;; ++number) {
    const std::string path = scratch + "/start-" + std::to_string(number);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) std::_Exit(99);
    ::close(fd);
    return number;
  }
}

WorkerPlan planFrom(char** arguments) {
  WorkerPlan plan{arguments[0],
                  {static_cast<Stage>(std::atoi(arguments[1])),
                   static_cast<phial::cli::Fault>(std::atoi(arguments[2])),
                   std::strtoull(arguments[3], nullptr, 10)}};
  std::istringstream numbers(arguments[4]);
  for (unsigned number = 0; numbers >> number;) plan.struck.push_back(number);
  return plan;
}

// The fault that this worker meets before its first job, if any.
bool isStruck(const WorkerPlan& plan) {
  if (!isStart(plan.fuse.stage)) return false;
  const unsigned number = takeNumber(plan.scratch);
  return std::find(plan.struck.begin(), plan.struck.end(), number) != plan.struck.end() &&
         !std::filesystem::exists(relentFile(plan.scratch));
}

int serve(const WorkerPlan& plan, int argc, char** argv) {
  enterWorker(plan.scratch);
  const bool struck = isStruck(plan);
  if (struck) pass(plan.fuse, Stage::spawn);
  if (struck && plan.fuse.stage == Stage::handshake) meetInHandshake(plan.fuse);
  phial::Worker worker;
  exportBench(worker);
  worker.onStart([&] {
    if (struck) pass(plan.fuse, Stage::onStart);
  });
  worker.onStop(passStop);
  return worker.serve(argc, argv);
}

}  // namespace

std::vector<std::string> WorkerPlan::command() const {
  std::string numbers;
  for (const unsigned number : struck) numbers += std::to_string(number) + " ";
  return {std::filesystem::read_symlink("/proc/self/exe").string(),
          kRole,
          scratch,
          std::to_string(static_cast<int>(fuse.stage)),
          std::to_string(static_cast<int>(fuse.fault)),
          std::to_string(fuse.seed),
          numbers};
}

void WorkerPlan::relent() const {
  const int fd = ::open(relentFile(scratch).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
}

void serveIfMatrixWorker(int argc, char** argv) {
  constexpr int kArguments = 7;
  if (argc != kArguments || std::string(argv[1]) != kRole) return;
  std::exit(serve(planFrom(argv + 2), argc, argv));
}

}  // namespace matrix
