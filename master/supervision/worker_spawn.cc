// How a worker process is laid out: see worker_contract.h for the descriptors.
#include <fcntl.h>
#include <phial/protocol/worker_contract.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "master/supervision/worker_process.h"

namespace phial::detail {
namespace {

constexpr const char* kThisProgram = "/proc/self/exe";

struct Pipe {
  kj::AutoCloseFd readEnd;
  kj::AutoCloseFd writeEnd;
};

Pipe makePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe for a worker");
  }
  Pipe pipe{kj::AutoCloseFd(ends[0]), kj::AutoCloseFd(ends[1])};
  widenPipe(pipe.writeEnd);
  return pipe;
}

std::string nameOfThisProgram() {
  std::array<char, PATH_MAX> path{};
  const auto length = ::readlink(kThisProgram, path.data(), path.size());
  return length > 0 ? std::string(path.data(), static_cast<std::size_t>(length)) : kThisProgram;
}

// The file that this process runs, not its path: the path may hold another build by now.
void commandOf(const PoolOptions& options, SpawnOptions& spawn) {
  if (options.worker.empty()) {
    spawn.executable = kThisProgram;
    spawn.argv0 = nameOfThisProgram();
    return;
  }
  spawn.executable = options.worker.front();
  spawn.args.assign(options.worker.begin() + 1, options.worker.end());
}

}  // namespace

void WorkerProcess::spawn() {
  Pipe requests = makePipe();
  Pipe replies = makePipe();
  auto files = FileLane::create();
  auto arenas = makeArenas(env_.options.arenaBytes);
  arenas.arenas.side = &env_.side;
  arenas.arenas.takeMemory = env_.takeMemory;
  control_.emplace(ControlPageMapping::create());
  inFlight_.emplace(control_->page());

  SpawnOptions spawn;
  commandOf(env_.options, spawn);
  spawn.environment.changes[kWorkerVariable] = env_.options.name;
  spawn.descriptors = {{0, DevNull{}},
                       {1, PipeFromChild{}},
                       {2, PipeFromChild{}},
                       {kRequestFd, InheritedFd{requests.readEnd.get()}},
                       {kReplyFd, InheritedFd{replies.writeEnd.get()}},
                       {kControlPageFd, InheritedFd{control_->fd()}},
                       {kLifelineFd, Lifeline{}},
                       {kFileLaneFd, InheritedFd{files.worker.get()}}};
  if (arenas.arenas.out) {
    spawn.descriptors[kRequestArenaFd] = InheritedFd{arenas.requests.get()};
    spawn.descriptors[kReplyArenaFd] = InheritedFd{arenas.replies.get()};
  }
  // A terminal's Ctrl-C is for the master to act on; descendants go when the worker goes.
  spawn.processGroup = ProcessGroup::kOwnKilledAtExit;
  spawn.onSpawnerDeath = OnSpawnerDeath::kDie;
  spawn.limits = env_.options.limits;
  oomMark_ = env_.oomKills.mark();
  process_.emplace(env_.reactor.spawnProcess(spawn));

  log_.emplace(env_.reactor, env_.logger, number_, process_->takePipe(1), process_->takePipe(2));
  link_ = std::make_unique<WorkerLink>(
      *env_.reactor.base(),
      WorkerLink::Channels{kj::mv(replies.readEnd), kj::mv(requests.writeEnd), kj::mv(files.master),
                           std::move(arenas.arenas)},
      env_.options.maxMessageBytes, static_cast<WorkerLink::Listener&>(*this));
  // As long as we hold a reader ourselves, writing to a dead worker cannot raise SIGPIPE, which is
  // the host program's to handle.
  requestReadEnd_ = kj::mv(requests.readEnd);
  process_->onExit([this](const ExitStatus& status) { exited(status); });
}

}  // namespace phial::detail
