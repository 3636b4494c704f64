#include "worker/template_process.h"

#include <capnp/serialize.h>
#include <cxxabi.h>
#include <fcntl.h>
#include <phial/protocol/argument_message.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/file_lane.h>
#include <phial/protocol/memory_file.h>
#include <phial/protocol/packet_socket.h>
#include <phial/protocol/template_contract.h>
#include <phial/protocol/value_capnp.h>
#include <phial/schema/worker.capnp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "worker/own_process.h"
#include "worker/sibling_fork.h"
#include "worker/spare_process.h"
#include "worker/template_memory.h"
#include "worker/throw_site.h"

namespace phial::inline v1::detail {
namespace {

using Kind = TemplateReport::Kind;

// Between two tries to fork, when the last one has failed.
constexpr int kPauseMilliseconds = 100;
// A worker that has just been connected needs the processor more than the next spare does.
constexpr int kStartMilliseconds = 3;

void report(Kind kind, int error = 0, std::string_view text = {}) {
  sendPacket(kTemplateSocketFd,
             packed(TemplateReport{.kind = kind, .pid = ::getpid(), .error = error}, text));
}

std::string textOf(const Failure& failure) {
  constexpr std::size_t kMostBytes = std::size_t{16} << 10;
  return (failure.type() + ": " + failure.message()).substr(0, kMostBytes);
}

// The call, as the master has written it.
class Preparation {
 public:
  Preparation() : file_(kPreparationFd, size(), SharedMapping::Access::read) {
    const kj::ArrayPtr<const capnp::word> all(reinterpret_cast<const capnp::word*>(file_.at(0)),
                                              file_.bytes() / sizeof(capnp::word));
    capnp::ReaderOptions options;
    options.traversalLimitInWords = all.size() + 1024;
    master_.emplace(all, options);
    function_.emplace(kj::arrayPtr(master_->getEnd(), all.end()), options);
    job_.emplace(kj::arrayPtr(function_->getEnd(), all.end()), options);
  }

  std::string_view build() {
    const auto text = master_->getRoot<schema::MasterInfo>().getBuildId();
    return {text.begin(), text.size()};
  }
  schema::Function::Reader function() { return function_->getRoot<schema::Function>(); }
  schema::Job::Reader job() { return job_->getRoot<schema::Job>(); }

 private:
  static std::size_t size() {
    struct stat status{};
    if (::fstat(kPreparationFd, &status) != 0) {
      throw std::system_error(errno, std::generic_category(), "cannot read the preparation");
    }
    return static_cast<std::size_t>(status.st_size);
  }

  SharedMapping file_;
  std::optional<capnp::FlatArrayMessageReader> master_;
  std::optional<capnp::FlatArrayMessageReader> function_;
  std::optional<capnp::FlatArrayMessageReader> job_;
};

std::string nameOf(const std::filesystem::path& task) {
  std::string name;
  std::getline(std::ifstream(task / "comm") >> std::ws, name);
  return "\"" + name + "\" (" + task.filename().string() + ")";
}

// The names of all threads but this one; empty without /proc.
std::string otherThreads() {
  std::string names;
  std::error_code error;
  const std::string own = std::to_string(::gettid());
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error)) {
    if (task.path().filename() == own) continue;
    names += (names.empty() ? "" : ", ") + nameOf(task.path());
  }
  return names;
}

// A thread that has been joined is still shown for a moment.
std::string lastingThreads() {
  constexpr int kLooks = 100;
  std::string names;
  for (int i = 0; i < kLooks; ++i) {
    names = otherThreads();
    if (names.empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return names;
}

// A service manager's SIGTERM is for the master to act on. A handler, and not SIG_IGN: programs
// that the preparation starts do not inherit it.
void leaveToMaster(int) {}

bool leavesTerm() {
  struct sigaction now{};
  return ::sigaction(SIGTERM, nullptr, &now) == 0 && now.sa_handler == &leaveToMaster;
}

// Keeps a number of a worker's descriptors from being used by what the preparation opens.
void take(int number, int by) {
  if (number != by) ::dup3(by, number, O_CLOEXEC);
}

}  // namespace

bool isTemplate() {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(kTemplateSocketFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         type == SOCK_SEQPACKET;
}

std::uint64_t TemplateProcess::run() {
  master_ = ::getppid();
  for (const int number : {kTemplateSocketFd, kPreparationFd, kFileLaneFd}) {
    ::fcntl(number, F_SETFD, FD_CLOEXEC);
  }
  for (const int number : {kControlPageFd, kRequestArenaFd, kReplyArenaFd}) {
    take(number, STDIN_FILENO);
  }
  ::signal(SIGTERM, &leaveToMaster);
  becomeWorker();
  prepare();
  take(kPreparationFd, STDIN_FILENO);
  take(kFileLaneFd, STDIN_FILENO);
  // What is buffered would be written by every worker.
  std::fflush(nullptr);
  useHugePages();
  // Last: what has been done so far may have ended threads.
  if (const auto threads = lastingThreads(); !threads.empty()) {
    fail("its prepare has left other threads, which a fork does not copy: " + threads +
         ". Workers can only be forked from a process with one thread");
  }
  report(Kind::prepared);
  for (;;) {
    if (const auto worker = forkSpare()) return *worker;
  }
}

void TemplateProcess::prepare() {
  ThrowSites throwSites;
  try {
    Preparation preparation;
    if (preparation.build() != buildId()) {
      fail("it holds another build of Phial than its master: " + std::string(buildId()));
    }
    const auto job = preparation.job();
    FileLane lane = FileLane::adopt(kFileLaneFd);
    const IncomingFiles enclosed(lane.receive(job.getId(), job.getFiles()));
    const auto function = preparation.function();
    const auto index = functions_.at(function.getName().cStr(), function.getSignature().cStr());
    functions_.list()[index].handler->prepare(readerOf(job.getArguments()))->run();
    if (inForkedChild()) endForkedChild();
  } catch (abi::__forced_unwind&) {
    if (inForkedChild()) endForkedChild();
    endOfThread();
  } catch (...) {
    if (inForkedChild()) endForkedChild();
    fail("its prepare threw " + textOf(Failure::currentOfJob(throwSites.latest())));
  }
}

// Returns the worker's number in the worker, nothing in the template.
std::optional<std::uint64_t> TemplateProcess::forkSpare() {
  auto inUse = openPacketSockets();
  const pid_t spare = inUse ? forkSibling() : -1;
  if (spare == 0) {
    inUse->first = nullptr;
    becomeWorker();
    const auto worker = SpareProcess(master_, kj::mv(inUse->second)).becomeWorker();
    if (leavesTerm()) ::signal(SIGTERM, SIG_DFL);
    return worker;
  }
  if (spare < 0) {
    report(Kind::refused, errno);
    awaitUse(-1);
    return std::nullopt;
  }
  inUse->second = nullptr;
  awaitUse(inUse->first);
  return std::nullopt;
}

// Until a moment after the spare is connected, or has ended. Exits if the master is gone.
void TemplateProcess::awaitUse(int spare) const {
  std::array<pollfd, 2> waits = {pollfd{kTemplateSocketFd, POLLIN, 0}, pollfd{spare, POLLIN, 0}};
  int pause = spare < 0 ? kPauseMilliseconds : -1;
  for (;;) {
    const int ready = ::poll(waits.data(), waits.size(), pause);
    if (ready == 0) return;
    if (ready < 0) continue;
    if (waits[0].revents != 0) ::_exit(0);
    char byte = 0;
    pause = ::read(spare, &byte, 1) == 1 ? kStartMilliseconds : kPauseMilliseconds;
    waits[1].fd = -1;
  }
}

// Destructors and exit handlers would run beside a pool that tries again.
void TemplateProcess::fail(const std::string& why) const {
  std::fflush(nullptr);
  report(Kind::failed, 0, why);
  ::_exit(kCannotServeStatus);
}

}  // namespace phial::inline v1::detail
