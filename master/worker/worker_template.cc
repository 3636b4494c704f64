#include "master/worker/worker_template.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <phial/protocol/packet_socket.h>
#include <phial/protocol/saturating_time.h>
#include <phial/protocol/template_contract.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <utility>

#include "master/log/log.h"
#include "master/process/shortage.h"

namespace phial::inline v1::detail {
namespace {

using Kind = TemplateReport::Kind;

constexpr Duration kShortagePause = std::chrono::milliseconds(100);
constexpr int kLifelineBytes = 4096;

// The worker's end stays blocking.
PipeEnds outputPipe() {
  auto pipe = openPipe();
  if (!pipe || ::fcntl(pipe->read, F_SETFL, O_NONBLOCK) != 0) {
    throw SpawnError("pipe2", "for a worker", errno);
  }
  return kj::mv(*pipe);
}

PipeEnds lifeline() {
  auto pipe = openPipe();
  if (!pipe) throw SpawnError("pipe2", "for a worker", errno);
  ::fcntl(pipe->write, F_SETPIPE_SZ, kLifelineBytes);
  return kj::mv(*pipe);
}

// A child that cannot be watched is of no use. Its number is its own until it is reaped, here.
void endUnwatched(pid_t pid) {
  siginfo_t info{};
  const auto child = static_cast<id_t>(pid);
  if (pid <= 0 || ::waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;
  ::kill(pid, SIGKILL);
  while (::waitid(P_PID, child, &info, WEXITED) != 0 && errno == EINTR) {
  }
}

bool isForGood(int error) { return error == ENOSYS || error == EINVAL || error == EPERM; }

}  // namespace

WorkerTemplate::WorkerTemplate(Reactor& reactor, Clock& clock, const PoolOptions& options,
                               std::shared_ptr<PoolLog> log)
    : reactor_(reactor), clock_(clock), options_(options), log_(std::move(log)) {}

void WorkerTemplate::await(Waiter waiter) {
  waiters_.push_back(std::move(waiter));
  if (settled()) return tellWaiters();
  if (state_ == State::nothing) launch();
}

Process WorkerTemplate::connect(std::uint64_t worker, const WorkerEnds& ends) {
  PipeEnds out = outputPipe();
  PipeEnds err = outputPipe();
  PipeEnds life = lifeline();
  std::vector<int> files = {out.write, err.write, ends.requests, ends.replies, ends.page};
  const bool arenas = ends.requestArena >= 0;
  if (arenas) files.insert(files.end(), {ends.requestArena, ends.replyArena});
  files.push_back(life.read);
  if (ends.files >= 0) files.push_back(ends.files);
  const SpareConnection connection{
      .worker = worker, .arenas = arenas ? 1U : 0U, .files = ends.files >= 0 ? 1U : 0U};
  // One that has died since is found dead by its pidfd.
  if (!sendPacket(spare_->socket, packed(connection), files) && isShortage(errno)) {
    throw SpawnError("sendmsg", "for a worker", errno);
  }
  // From now on it does not end with the template.
  ::setpgid(spare_->process.pid(), spare_->process.pid());
  Process process = std::move(spare_->process);
  spare_.reset();
  std::map<int, kj::AutoCloseFd> pipes;
  pipes.emplace(STDOUT_FILENO, kj::mv(out.read));
  pipes.emplace(STDERR_FILENO, kj::mv(err.read));
  pipes.emplace(kLifelineFd, kj::mv(life.write));
  process.connect(std::move(pipes), kLifelineFd);
  watchTime("it did not fork a worker in time");
  return process;
}

void WorkerTemplate::renew() {
  if (closed_) return;
  drop();
  state_ = State::nothing;
  spawnsMeanwhile_ = false;
  deaths_ = 0;
  if (!waiters_.empty()) launch();
}

void WorkerTemplate::close() {
  closed_ = true;
  drop();
  waiters_.clear();
}

void WorkerTemplate::drop() {
  timer_.cancel();
  watch_.stop();
  spare_.reset();
  if (output_) output_->close();
  output_.reset();
  template_.reset();
  complaint_.clear();
  refusalSaid_ = false;
}

void WorkerTemplate::launch() {
  drop();
  state_ = State::preparing;
  try {
    template_.emplace(launchTemplate(reactor_, options_));
    output_ = std::make_shared<LogCapture>(reactor_, log_, 0, template_->process.takePipe(1),
                                           template_->process.takePipe(2));
    watch_ = reactor_.addReader(template_->socket, [this] { hear(); });
  } catch (const std::exception& e) {
    const auto* own = dynamic_cast<const Error*>(&e);
    DeathCertificate death{.cause = DeathCause::startup};
    death.detail =
        "its template cannot be started: " + (own != nullptr ? own->describe() : e.what());
    drop();
    if (isShortage(e) && ++shortages_ < options_.restart.failedStarts) {
      return launchAgainIn(kShortagePause);
    }
    return fail(std::move(death));
  }
  shortages_ = 0;
  template_->process.onExit([this](const ExitStatus&) { exited(); });
  watchTime("its prepare did not return in time");
}

void WorkerTemplate::launchAgainIn(Duration pause) {
  state_ = State::pausing;
  // No pause is not even a moment of the pool's clock, which a test may hold.
  Clock& clock = pause > Duration::zero() ? clock_ : reactor_;
  timer_ = clock.callLater(pause, [this] { launch(); });
}

// One timer: a template that is prepared owes the next spare, and nothing else.
void WorkerTemplate::watchTime(std::string complaint) {
  timer_.cancel();
  timer_ = clock_.callLater(options_.startTimeout, [this, complaint = std::move(complaint)] {
    if (template_->process.hasEnded()) return;
    if (complaint_.empty()) complaint_ = complaint;
    template_->process.terminate();
  });
}

void WorkerTemplate::hear() {
  const auto self = shared_from_this();
  while (template_) {
    auto packet = receivePacket(template_->socket, MSG_DONTWAIT);
    if (!packet) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      // Its end is about to be reported, unless its prepare has closed the socket.
      watch_.stop();
      template_->process.terminate();
      return;
    }
    handle(*packet);
  }
}

void WorkerTemplate::handle(Packet& packet) {
  const auto report = unpacked<TemplateReport>(packet.bytes);
  if (!report) return;
  switch (report->kind) {
    case Kind::prepared:
      state_ = State::prepared;
      preparedAt_ = clock_.now();
      return watchTime("it did not fork a worker in time");
    case Kind::failed:
      complaint_ = oneLine(packet.bytes.substr(sizeof *report));
      return;
    case Kind::spare:
      return adopt(report->pid, packet);
    case Kind::refused:
      return hasRefused(report->error);
  }
}

void WorkerTemplate::adopt(pid_t pid, Packet& packet) {
  if (packet.files.size() != 2) {
    endUnwatched(pid);
    return hasRefused(EMFILE);
  }
  try {
    spare_.emplace(Spare{template_->process.adoptSibling(pid, kj::mv(packet.files[0])),
                         kj::mv(packet.files[1])});
  } catch (const Error&) {
    // The system has nothing left to watch it with, and its Process has ended it.
    return hasRefused(ENOMEM);
  }
  timer_.cancel();
  refusalSaid_ = false;
  spawnsMeanwhile_ = false;
  spare_->process.onExit([weak = weak_from_this(), pid](const ExitStatus&) {
    const auto self = weak.lock();
    if (!self || !self->spare_ || self->spare_->process.pid() != pid) return;
    self->spare_.reset();
    self->watchTime("it did not fork a worker in time");
  });
  tellWaiters();
}

// Workers wait meanwhile: there would be nothing to spawn them with either.
void WorkerTemplate::hasRefused(int error) {
  const std::string why =
      "no worker can be forked from the template: " + std::string(std::strerror(error));
  if (isForGood(error)) {
    drop();
    state_ = State::nothing;
    spawnsMeanwhile_ = true;
    tellWaiters();
    return say(LogLevel::warning, why + "; workers are spawned from now on");
  }
  if (!std::exchange(refusalSaid_, true)) say(LogLevel::warning, why + "; it tries again");
}

void WorkerTemplate::exited() {
  const auto self = shared_from_this();
  timer_.cancel();
  hear();
  if (template_) readLastLines();
}

void WorkerTemplate::readLastLines() {
  const auto output = output_;
  const bool more = output->finish();
  if (closed_ || output != output_) return;
  if (!more) return conclude();
  reactor_.callSoon([weak = weak_from_this(), output] {
    const auto self = weak.lock();
    if (self && self->output_ == output) self->readLastLines();
  });
}

void WorkerTemplate::conclude() {
  auto death = certificate();
  const bool byOutsider = complaint_.empty() && death.status == ExitStatus(Signalled{SIGKILL});
  const bool wasPrepared = state_ == State::prepared;
  drop();
  const Duration lived = saturatingSubtract(clock_.now(), preparedAt_);
  if (wasPrepared && lived >= options_.restart.healthySpell) deaths_ = 0;
  if (wasPrepared || byOutsider) {
    return fallBack("the template (pid " + std::to_string(death.pid) + ") " +
                    phial::describe(death.status) +
                    (death.detail.empty() ? "" : ": " + death.detail));
  }
  if (death.detail.empty()) death.detail = "its template ended while it prepared";
  fail(std::move(death));
}

DeathCertificate WorkerTemplate::certificate() const {
  const Process& process = template_->process;
  DeathCertificate death{.pid = process.pid(),
                         .origin = WorkerOrigin::fromTemplate,
                         .status = process.status().value_or(StatusUnknown{}),
                         .cause = DeathCause::startup};
  death.resources = process.resources();
  const StderrExcerpt& said = output_->excerpt();
  death.stderrHead = said.first();
  death.stderrLeftOut = said.leftOut();
  death.stderrTail = said.last();
  death.detail = complaint_;
  return death;
}

void WorkerTemplate::fail(DeathCertificate death) {
  if (spawnsMeanwhile_) return fallBack(death.summary());
  state_ = State::nothing;
  tellWaiters(std::make_shared<const DeathCertificate>(std::move(death)));
}

void WorkerTemplate::fallBack(std::string why) {
  spawnsMeanwhile_ = true;
  launchAgainIn(nextPause());
  tellWaiters();
  say(LogLevel::warning,
      oneLine(why + "; workers are spawned until the next template is prepared"));
}

// As RestartOptions says of workers that do not get ready: the first death may be bad luck.
Duration WorkerTemplate::nextPause() {
  const RestartOptions& restart = options_.restart;
  Duration pause = deaths_ == 0 ? Duration::zero() : restart.firstPause;
  for (unsigned i = 1; i < deaths_ && pause < restart.longestPause; ++i) {
    pause = saturatingMultiply(pause, 2);
  }
  ++deaths_;
  return std::min(pause, restart.longestPause);
}

void WorkerTemplate::tellWaiters(std::shared_ptr<const DeathCertificate> failure) {
  for (auto& waiter : std::exchange(waiters_, {})) {
    reactor_.callSoon(
        [waiter = std::move(waiter), failure] { waiter(failure ? failure.get() : nullptr); });
  }
}

// The log's function may destroy the pool.
void WorkerTemplate::say(LogLevel level, const std::string& text) const {
  const auto log = log_;
  log->write(level, 0, text);
}

}  // namespace phial::inline v1::detail
