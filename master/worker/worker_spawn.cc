#include "master/worker/worker_spawn.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <phial/protocol/worker_contract.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "master/process/shortage.h"
#include "master/process/this_program.h"
#include "master/worker/worker_ends.h"

namespace phial::inline v1::detail {
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

// A seccomp filter may refuse Unix sockets. Only what needs one fails then.
FileLane::Ends makeFileLane(PoolWorker::Owner& owner) {
  try {
    return FileLane::create();
  } catch (const std::system_error& e) {
    if (isShortage(e)) throw;
    owner.workerLacks(std::string("shared arrays cannot be passed to workers: ") + e.what());
    return {};
  }
}

std::map<int, ChildDescriptor> descriptorsOf(const WorkerEnds& ends) {
  std::map<int, ChildDescriptor> descriptors = {{0, DevNull{}},
                                                {1, PipeFromChild{}},
                                                {2, PipeFromChild{}},
                                                {kRequestFd, InheritedFd{ends.requests}},
                                                {kReplyFd, InheritedFd{ends.replies}},
                                                {kControlPageFd, InheritedFd{ends.page}},
                                                {kLifelineFd, Lifeline{}}};
  if (ends.files >= 0) descriptors[kFileLaneFd] = InheritedFd{ends.files};
  if (ends.requestArena >= 0) {
    descriptors[kRequestArenaFd] = InheritedFd{ends.requestArena};
    descriptors[kReplyArenaFd] = InheritedFd{ends.replyArena};
  }
  return descriptors;
}

// Of OpenMP, and of the libraries that do not ask OpenMP.
constexpr std::array kThreadVariables = {
    "OMP_NUM_THREADS",     "OPENBLAS_NUM_THREADS",   "MKL_NUM_THREADS",  "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS"};

void limitThreads(std::uint32_t threads, Environment& environment) {
  for (const char* const variable : kThreadVariables) {
    environment.changes.try_emplace(variable, std::to_string(threads));
  }
}

Process spawnProcess(const WorkerEnvironment& environment, std::uint64_t number,
                     const WorkerEnds& ends) {
  SpawnOptions spawn = workerSpawnOptions(environment.options, std::to_string(number));
  spawn.descriptors = descriptorsOf(ends);
  Process process = environment.reactor.spawnProcess(spawn);
  for (const auto& refused : process.refused()) {
    environment.owner.workerLacks("workers go without what the system refuses: " + refused);
  }
  return process;
}

}  // namespace

SpawnOptions workerSpawnOptions(const PoolOptions& options, const std::string& name) {
  SpawnOptions spawn;
  commandOf(options, spawn);
  spawn.environment.changes = options.environment;
  if (options.threadsPerWorker) limitThreads(*options.threadsPerWorker, spawn.environment);
  spawn.environment.changes[kWorkerVariable] = options.name + "/" + name;
  spawn.directory = options.directory;
  spawn.uid = options.uid;
  spawn.gid = options.gid;
  // A terminal's Ctrl-C is for the master to act on; descendants go when the worker goes.
  spawn.processGroup = ProcessGroup::ownKilledAtExit;
  spawn.onSpawnerDeath = OnSpawnerDeath::die;
  spawn.limits = options.limits;
  spawn.preferredNiceness = kDefaultNiceness;
  return spawn;
}

SpawnedWorker spawnWorker(const WorkerEnvironment& environment, std::uint64_t number,
                          WorkerPage& page) {
  RequestPipe requests = makeRequestPipe();
  PipeEnds replies = makePipe();
  auto files = makeFileLane(environment.owner);
  auto arenas = makeArenas(environment.options.arenaBytes);
  arenas.arenas.side = &environment.side;
  arenas.arenas.takeMemory = environment.takeMemory;
  if (environment.options.sigterm == SigtermToWorker::isLeftToMaster) page.leaveTerm();

  WorkerEnds ends{.requests = requests.forWorker.get(),
                  .replies = replies.write.get(),
                  .page = page.fd(),
                  .files = files.worker.get()};
  if (arenas.arenas.out) {
    ends.requestArena = arenas.requests.get();
    ends.replyArena = arenas.replies.get();
  }
  auto oomMark = environment.oomKills.mark();
  const bool forked = environment.warm != nullptr && environment.warm->hasSpare();
  Process process =
      forked ? environment.warm->connect(number, ends) : spawnProcess(environment, number, ends);
  page.closeFile();  // it is mapped here, and the worker has its own
  return {.process = std::move(process),
          .channels = {kj::mv(replies.read), kj::mv(requests.writeEnd), kj::mv(files.master),
                       std::move(arenas.arenas)},
          .requestReadEnd = kj::mv(requests.readEnd),
          .oomMark = std::move(oomMark),
          .origin = forked ? WorkerOrigin::fromTemplate : WorkerOrigin::spawned};
}

}  // namespace phial::inline v1::detail
