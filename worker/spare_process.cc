#include "worker/spare_process.h"

#include <fcntl.h>
#include <phial/protocol/packet_socket.h>
#include <phial/protocol/template_contract.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "worker/template_memory.h"

namespace phial::inline v1::detail {
namespace {

[[noreturn]] void leave() { ::_exit(kCannotServeStatus); }

std::vector<int> targetsOf(const SpareConnection& connection) {
  std::vector<int> targets = {STDOUT_FILENO, STDERR_FILENO, kRequestFd, kReplyFd, kControlPageFd};
  if (connection.arenas != 0) targets.insert(targets.end(), {kRequestArenaFd, kReplyArenaFd});
  targets.push_back(kLifelineFd);
  if (connection.files != 0) targets.push_back(kFileLaneFd);
  return targets;
}

// Replaces what the template has at the numbers of a worker's descriptors.
void place(std::vector<kj::AutoCloseFd> files, const std::vector<int>& targets) {
  // First out of each other's way: the program may have closed a number that was to stay taken.
  for (auto& file : files) {
    if (file.get() > kFileLaneFd) continue;
    file = kj::AutoCloseFd(::fcntl(file, F_DUPFD_CLOEXEC, kFileLaneFd + 1));
    if (file.get() < 0) leave();
  }
  for (int number = kRequestFd; number <= kFileLaneFd; ++number) ::close(number);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (::dup2(files[i], targets[i]) < 0) leave();
  }
}

// As the launcher arms that of a process that it spawns.
void armLifeline() {
  const bool armed = ::fcntl(kLifelineFd, F_SETSIG, SIGKILL) == 0 &&
                     ::fcntl(kLifelineFd, F_SETOWN, -::getpid()) == 0 &&
                     ::fcntl(kLifelineFd, F_SETFL, O_ASYNC | O_NONBLOCK) == 0;
  if (!armed) leave();
}

// The C library's generators, which all workers would otherwise continue alike.
void seedGenerators() {
  std::array<unsigned, 2> seeds{};
  if (::getrandom(seeds.data(), sizeof seeds, GRND_NONBLOCK) != sizeof seeds) return;
  ::srandom(seeds[0]);
  ::srand48(static_cast<long>(seeds[1]));
}

}  // namespace

std::uint64_t SpareProcess::becomeWorker() {
  tieToMaster();
  mapProgram();
  kj::AutoCloseFd socket = introduce();
  ::close(kTemplateSocketFd);
  auto packet = receivePacket(socket);
  if (!packet) leave();  // not wanted any more
  const auto connection = unpacked<SpareConnection>(packet->bytes);
  if (!connection) leave();
  const auto targets = targetsOf(*connection);
  if (packet->files.size() != targets.size()) leave();
  sendPacket(inUse_, "!");  // the template may be gone
  inUse_ = nullptr;
  socket = nullptr;
  // The master has done so already, unless it is gone.
  ::setpgid(0, 0);
  place(std::move(packet->files), targets);
  armLifeline();
  tieToMaster();
  seedGenerators();
  return connection->worker;
}

// The death signal is not inherited. Asked twice: a master that died before the first is missed by
// both, one that died since by neither.
void SpareProcess::tieToMaster() const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (const pid_t parent = ::getppid(); parent != master_ && parent != 0) leave();
}

kj::AutoCloseFd SpareProcess::introduce() const {
  auto sockets = openPacketSockets();
  const kj::AutoCloseFd self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!sockets || self.get() < 0) {
    const int error = errno;
    sendPacket(kTemplateSocketFd,
               packed(TemplateReport{
                   .kind = TemplateReport::Kind::refused, .pid = ::getpid(), .error = error}));
    leave();
  }
  const std::array<int, 2> files = {self.get(), sockets->second.get()};
  if (!sendPacket(kTemplateSocketFd,
                  packed(TemplateReport{
                      .kind = TemplateReport::Kind::spare, .pid = ::getpid(), .error = 0}),
                  files)) {
    leave();
  }
  return kj::mv(sockets->first);
}

}  // namespace phial::inline v1::detail
