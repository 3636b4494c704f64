#include "fuse.h"

#include <event2/event.h>
#include <fcntl.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/worker_contract.h>
#include <phial/worker/job.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>

namespace matrix {
namespace {

using phial::cli::Fault;

std::optional<std::string> marks;   // set in a worker
std::optional<Fuse> leftForTheEnd;  // by a job, for onStop
std::optional<Fuse> ofTemplate;     // for its signal

void leaveMark() {
  const int fd = ::open(markOf(*marks, ::getpid()).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) ::_exit(99);
  ::close(fd);
}

// In the middle of a result the pipe is full, and what the fault writes would be refused.
void waitForRoomWhenWriting() {
  ::fcntl(phial::kReplyFd, F_SETFL, ::fcntl(phial::kReplyFd, F_GETFL) & ~O_NONBLOCK);
}

[[noreturn]] void goOff(const Fuse& fuse) {
  // Before the mark, by which the master knows that the signal may come.
  if (fuse.fault == Fault::ignoreTerm) ::signal(SIGTERM, SIG_IGN);
  if (fuse.stage == Stage::deliver) waitForRoomWhenWriting();
  leaveMark();
  phial::cli::inflict(fuse.fault, fuse.seed);
}

// On the main thread the next time that it waits for events: in the middle of a result that does
// not fit into the pipe, or else when the worker is idle.
void goOffWhenItWaits(const Fuse& fuse) {
  static constexpr timeval kNow{0, 0};
  const auto callback = [](evutil_socket_t, short, void* lit) { goOff(*static_cast<Fuse*>(lit)); };
  static Fuse lit;
  lit = fuse;
  event_base_once(&phial::LoopBridge::current()->base(), -1, EV_TIMEOUT, callback, &lit, &kNow);
}

}  // namespace

void enterWorker(std::string scratch) { marks = std::move(scratch); }

std::string markOf(const std::string& scratch, pid_t pid) {
  return scratch + "/met-" + std::to_string(pid);
}

void pass(const Fuse& fuse, Stage at) {
  if (marks && fuse.stage == at) goOff(fuse);
}

void passStop() {
  if (leftForTheEnd) goOff(*leftForTheEnd);
}

std::string templateFile(const std::string& scratch) { return scratch + "/template"; }

void armTemplate(const std::string& scratch, const Fuse& fuse) {
  if (fuse.stage != Stage::idleTemplate) return;
  marks = scratch;
  ofTemplate = fuse;
  ::signal(SIGUSR1, [](int) { goOff(*ofTemplate); });
  // Whole when it gets its name. The first is the template: workers prepare after its end only.
  const std::string unfinished = templateFile(scratch) + "." + std::to_string(::getpid());
  std::ofstream(unfinished) << ::getpid();
  ::link(unfinished.c_str(), templateFile(scratch).c_str());
}

Parcel light(Parcel parcel) {
  constexpr std::size_t kMoreThanAPipe = 4 << 20;
  const Fuse& fuse = parcel.contents.fuse;
  pass(fuse, Stage::run);
  if (fuse.stage == Stage::progress) phial::currentJob().progress(0.5, "half way");
  pass(fuse, Stage::progress);
  pass(fuse, Stage::leased);
  pass(fuse, Stage::forked);
  if (fuse.stage == Stage::deliver) parcel.contents.bytes.resize(kMoreThanAPipe);
  if (fuse.stage == Stage::idle) goOffWhenItWaits(fuse);
  if (isEnd(fuse.stage)) leftForTheEnd = fuse;
  parcel.contents.worker = ::getpid();
  return parcel;
}

std::vector<std::byte> fillCrate(std::uint64_t number, std::uint32_t bytes) {
  std::mt19937_64 random(number);
  std::vector<std::byte> crate(bytes);
  for (auto& byte : crate) byte = static_cast<std::byte>(random());
  return crate;
}

}  // namespace matrix

namespace phial {

using matrix::Parcel;

std::uint64_t Codec<Parcel>::words(const Parcel& parcel) { return encodedWords(parcel.contents); }

void Codec<Parcel>::write(const Parcel& parcel, ValueWriter to) {
  const auto& fuse = parcel.contents.fuse;
  matrix::pass(fuse, matrix::Stage::encode);
  phial::encode(parcel.contents, to);
  if (matrix::marks && fuse.stage == matrix::Stage::deliver) matrix::goOffWhenItWaits(fuse);
}

Parcel Codec<Parcel>::read(ValueReader value) {
  Parcel parcel{phial::decode<Parcel::Contents>(value)};
  matrix::pass(parcel.contents.fuse, matrix::Stage::decode);
  return parcel;
}

}  // namespace phial
