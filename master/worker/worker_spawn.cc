// How a worker process is laid out: see worker_contract.h for the descriptors.
#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <phial/protocol/worker_contract.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "master/process/shortage.h"
#include "master/process/this_program.h"
#include "master/worker/worker_process.h"

namespace phial::detail {
namespace {

// See Limits::niceness.
constexpr int kDefaultNiceness = 10;

PipeEnds makePipe() {
  auto pipe = openPipe();
  if (!pipe) throw SpawnError("pipe2", "for a worker", errno);
  widenPipe(pipe->write);
  return kj::mv(*pipe);
}

// As long as this process has a reader too, writing to a dead worker cannot raise SIGPIPE, which is
// the host program's to handle.
struct RequestPipe {
  kj::AutoCloseFd forWorker;
  kj::AutoCloseFd writeEnd;
  kj::AutoCloseFd readEnd;  // none where the write end reads as well
};

// One descriptor that reads and writes, which Linux has for pipes as for FIFOs, stands for both of
// ours. Without /proc there is no way to open it.
RequestPipe makeRequestPipe() {
  PipeEnds pipe = makePipe();
  const std::string path = "/proc/self/fd/" + std::to_string(pipe.write.get());
  auto both = ownDescriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (both.get() >= 0) return {kj::mv(pipe.read), kj::mv(both), kj::AutoCloseFd()};
  kj::AutoCloseFd forWorker(::fcntl(pipe.read, F_DUPFD_CLOEXEC, kFirstOwnFd));
  if (forWorker.get() < 0) {
    throw SpawnError("fcntl", "for a worker", errno);
  }
  return {kj::mv(forWorker), kj::mv(pipe.write), kj::mv(pipe.read)};
}

void commandOf(const PoolOptions& options, SpawnOptions& spawn) {
  if (options.worker.empty()) {
    ThisProgram program = thisProgram();
    spawn.executable = std::move(program.executable);
    spawn.args = std::move(program.args);
    spawn.argv0 = std::move(program.name);
    return;
  }
  spawn.executable = options.worker.front();
  spawn.args.assign(options.worker.begin() + 1, options.worker.end());
}

}  // namespace

// A seccomp filter may refuse Unix sockets. Only what needs one fails then.
FileLane::Ends WorkerProcess::makeFileLane() {
  try {
    return FileLane::create();
  } catch (const std::system_error& e) {
    if (isShortage(e)) throw;
    env_.owner.workerLacks(std::string("shared arrays cannot be passed to workers: ") + e.what());
    return {};
  }
}

void WorkerProcess::spawn() {
  RequestPipe requests = makeRequestPipe();
  PipeEnds replies = makePipe();
  auto files = makeFileLane();
  auto arenas = makeArenas(env_.options.arenaBytes);
  arenas.arenas.side = &env_.side;
  arenas.arenas.takeMemory = env_.takeMemory;
  page_.emplace(inFlight_);
  if (env_.options.sigterm == SigtermToWorker::isLeftToMaster) page_->leaveTerm();

  SpawnOptions spawn;
  commandOf(env_.options, spawn);
  spawn.environment.changes = env_.options.environment;
  spawn.directory = env_.options.directory;
  spawn.uid = env_.options.uid;
  spawn.gid = env_.options.gid;
  spawn.environment.changes[kWorkerVariable] = env_.options.name + "/" + std::to_string(number_);
  spawn.descriptors = {{0, DevNull{}},
                       {1, PipeFromChild{}},
                       {2, PipeFromChild{}},
                       {kRequestFd, InheritedFd{requests.forWorker.get()}},
                       {kReplyFd, InheritedFd{replies.write.get()}},
                       {kControlPageFd, InheritedFd{page_->fd()}},
                       {kLifelineFd, Lifeline{}}};
  if (files.worker.get() >= 0) spawn.descriptors[kFileLaneFd] = InheritedFd{files.worker.get()};
  if (arenas.arenas.out) {
    spawn.descriptors[kRequestArenaFd] = InheritedFd{arenas.requests.get()};
    spawn.descriptors[kReplyArenaFd] = InheritedFd{arenas.replies.get()};
  }
  // A terminal's Ctrl-C is for the master to act on; descendants go when the worker goes.
  spawn.processGroup = ProcessGroup::ownKilledAtExit;
  spawn.onSpawnerDeath = OnSpawnerDeath::die;
  spawn.limits = env_.options.limits;
  spawn.preferredNiceness = kDefaultNiceness;
  oomMark_ = env_.oomKills.mark();
  process_.emplace(env_.reactor.spawnProcess(spawn));
  for (const auto& refused : process_->refused()) {
    env_.owner.workerLacks("workers go without what the system refuses: " + refused);
  }
  page_->closeFile();  // it is mapped here, and the worker has its own

  log_ = std::make_shared<LogCapture>(env_.reactor, env_.log, number_, process_->takePipe(1),
                                      process_->takePipe(2));
  link_ = std::make_unique<WorkerLink>(
      *env_.reactor.base(),
      WorkerLink::Channels{kj::mv(replies.read), kj::mv(requests.writeEnd), kj::mv(files.master),
                           std::move(arenas.arenas)},
      env_.options.maxMessageBytes, static_cast<WorkerLink::Listener&>(*this));
  requestReadEnd_ = kj::mv(requests.readEnd);
  process_->onExit([this](const ExitStatus& status) { exited(status); });
}

}  // namespace phial::detail
