#include "master/supervision/worker_process.h"

#include <phial/master/errors.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/worker_contract.h>
#include <spdlog/logger.h>

#include <utility>

namespace phial::detail {
namespace {

// How long a worker that has closed its reply pipe may take to be seen dead. The kernel closes a
// dying process's descriptors before it reports the end, so a healthy death is microseconds away.
constexpr Duration kVerdictDelay = std::chrono::milliseconds(500);
// How long a dead worker's pipes are listened to when somebody else keeps writing into them.
constexpr Duration kDrainLimit = std::chrono::milliseconds(100);

}  // namespace

WorkerProcess::WorkerProcess(Environment environment, std::uint64_t number)
    : env_(environment), number_(number), spawnedAt_(env_.reactor.now()) {}

WorkerProcess::~WorkerProcess() noexcept {
  startTimer_.cancel();
  takeUpTimer_.cancel();
  graceTimer_.cancel();
  verdictTimer_.cancel();
}

void WorkerProcess::start() {
  try {
    spawn();
  } catch (const std::exception& e) {
    beginEnding(DeathCause::startup, e.what());
    env_.reactor.callSoon([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->die();
    });
    return;
  }
  startTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { startIsLate(); });
  link_->describe(env_.options.name, number_);
}

void WorkerProcess::startIsLate() {
  const auto giveUp = [this] {
    end(DeathCause::startup, SIGKILL, "it did not answer the handshake in time");
  };
  // Something may have held up the loop while its greeting lay in the pipe.
  if (!link_->readPending()) return giveUp();
  startTimer_ = env_.clock.callLater(env_.options.grace, giveUp);
}

bool WorkerProcess::verdictPending() const {
  if (state_ != WorkerState::ending) return false;
  // Killed for it, and gone in a moment, unless the kernel holds it.
  if (cause_ == DeathCause::startup && graceTimer_.active()) return true;
  const bool gone = exitStatus_ || !process_;
  return gone && cause_ != DeathCause::recycle && cause_ != DeathCause::shutdown;
}

std::uint32_t WorkerProcess::find(FunctionName function) const {
  using Status = FunctionIndex::Status;
  const auto [status, index] = functions_.find(function.name, function.signature);
  if (status == Status::found) return static_cast<std::uint32_t>(index);
  const std::string reason = functions_.explain(function.name, function.signature);
  if (status == Status::wrongSignature) throw EncodingError(reason);
  throw UnknownFunction(reason);
}

void WorkerProcess::run(const Job& job, std::uint32_t function) {
  JobSlot& place = control_->page().slots[job.id % kJobSlots];
  place.offer(job.id);
  link_->run(job, function);
  assignment_ = {job.id, std::string(job.function().name), job.options.label, env_.clock.now(),
                 controlPageNanos()};
  state_ = WorkerState::busy;
  watchTakeUp();
}

WorkerStatus WorkerProcess::status() const {
  return {.number = number_,
          .pid = process_ ? process_->pid() : 0,
          .state = state_,
          .job = assignment_ ? assignment_->id : 0,
          .jobsServed = jobsServed_};
}

// One job at a time: any slot is free.
JobSlot& WorkerProcess::slot() const { return control_->page().slots[assignment_->id % kJobSlots]; }

bool WorkerProcess::jobBegun() const {
  return control_ && assignment_ && slot().claimed(assignment_->id);
}

std::optional<Duration> WorkerProcess::startDelay() const {
  if (!jobBegun()) return std::nullopt;
  const auto started = control_->page().startedNanos.load(std::memory_order_acquire);
  // The page is the worker's to write: a time outside of the job's life is not believed.
  if (started < assignment_->sentNanos || started > controlPageNanos()) return std::nullopt;
  return Duration(started - assignment_->sentNanos);
}

bool WorkerProcess::jobReturned() const {
  const auto phase = control_->page().phase.load(std::memory_order_acquire);
  return jobBegun() && phase != Phase::decoding && phase != Phase::running;
}

bool WorkerProcess::takeBack() {
  if (!slot().withdraw(assignment_->id)) return false;
  assignment_->held = Assignment::Held::byMaster;
  return true;
}

void WorkerProcess::giveUp(DeathCause cause, std::string detail) {
  control_->page().cancelledJob.store(assignment_->id, std::memory_order_relaxed);
  // Asked twice, the first time counts.
  if (graceTimer_.active()) return;
  graceTimer_ =
      env_.clock.callLater(env_.options.grace, [this, cause, detail = std::move(detail)]() mutable {
        end(cause, env_.options.timeoutSignal, std::move(detail));
      });
}

// A worker that does not take up what it was sent hangs as surely as one that never greets, and is
// given as long. One timer a worker, not one a job: it looks at whatever is there when it is due.
void WorkerProcess::watchTakeUp() {
  if (takeUpTimer_.active()) return;
  takeUpTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { checkTakeUp(); });
}

void WorkerProcess::checkTakeUp() {
  if (state_ != WorkerState::busy || jobBegun()) return;
  const bool young = env_.clock.now() - assignment_->sentAt < env_.options.startTimeout;
  // A large request may be under way for long, as long as the worker reads.
  const auto seen = std::exchange(bytesSent_, link_->bytesSent());
  const bool reading = link_->writePending() && bytesSent_ != seen;
  if (young || reading) return watchTakeUp();
  end(DeathCause::protocol, SIGKILL, "it did not take up the job that it was sent");
}

bool WorkerProcess::beginEnding(DeathCause cause, std::string detail) {
  startTimer_.cancel();
  takeUpTimer_.cancel();
  if (!cause_) {
    cause_ = cause;
    detail_ = std::move(detail);
  }
  if (state_ == WorkerState::ending) return false;
  state_ = WorkerState::ending;
  return true;
}

void WorkerProcess::retire(DeathCause cause) {
  if (!beginEnding(cause, {})) return;
  link_->shutdown();
  killAfterGrace();
}

void WorkerProcess::end(DeathCause cause, int signal, std::string detail) {
  if (dead_) return;
  beginEnding(cause, std::move(detail));
  if (!process_) return;
  process_->killGroup(signal);
  killAfterGrace();
}

void WorkerProcess::killAfterGrace() {
  graceTimer_.cancel();
  graceTimer_ = env_.clock.callLater(env_.options.grace, [this] { process_->killGroup(SIGKILL); });
}

void WorkerProcess::abandon() {
  startTimer_.cancel();
  takeUpTimer_.cancel();
  graceTimer_.cancel();
  verdictTimer_.cancel();
  state_ = WorkerState::ending;
  dead_ = true;
  link_.reset();
  log_.reset();
  process_.reset();
}

// What the link says, taken out of KJ's callbacks.

void WorkerProcess::onGreeting(WorkerLink::Greeting greeting) { note(kj::mv(greeting)); }
void WorkerProcess::onAnswer(WorkerLink::Answer answer) { note(kj::mv(answer)); }
void WorkerProcess::onProgress(std::uint64_t job, double fraction, std::string note) {
  this->note(Progress{job, fraction, std::move(note)});
}
void WorkerProcess::onNonsense(std::string what) { note(Nonsense{std::move(what)}); }
void WorkerProcess::onDisconnect() { note(Disconnected{}); }

void WorkerProcess::note(Event event) {
  events_.push_back(std::move(event));
  if (events_.size() > 1) return;
  env_.reactor.callSoon([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->handleEvents();
  });
}

void WorkerProcess::handleEvents() {
  while (!events_.empty() && !dead_) {
    Event event = std::move(events_.front());
    events_.pop_front();
    std::visit([this](auto& e) { handle(e); }, event);
  }
}

void WorkerProcess::handle(WorkerLink::Greeting& greeting) {
  auto objection = readGreeting(greeting);
  if (!objection.empty()) return endForNonsense(std::move(objection));
  if (state_ != WorkerState::starting) return;
  startTimer_.cancel();
  state_ = WorkerState::idle;
  env_.owner.workerReady(*this);
}

// What is wrong with it, or nothing.
std::string WorkerProcess::readGreeting(WorkerLink::Greeting& greeting) {
  try {
    const auto info = greeting.getWorker();
    auto objection = objectionTo(info);
    if (objection.empty()) readFunctions(info);
    return objection;
  } catch (const kj::Exception& e) {
    return std::string("its handshake cannot be read: ") + e.getDescription().cStr();
  }
}

std::string WorkerProcess::objectionTo(schema::WorkerInfo::Reader info) const {
  if (info.getProtocolVersion() != schema::PROTOCOL_VERSION) {
    return "it speaks protocol version " + std::to_string(info.getProtocolVersion()) +
           ", this program speaks " + std::to_string(schema::PROTOCOL_VERSION);
  }
  const std::string build = info.getBuildId().cStr();
  if (build != buildId()) {
    return "it holds another build of Phial: \"" + build + "\", this program holds \"" +
           std::string(buildId()) + "\"";
  }
  if (info.hasStartFailure()) {
    const Failure failure = decodeFailure(info.getStartFailure());
    return "its onStart threw " + failure.type() + ": " + failure.message();
  }
  return {};
}

void WorkerProcess::readFunctions(schema::WorkerInfo::Reader info) {
  for (auto function : info.getFunctions()) {
    functions_.add(function.getName(), function.getSignature());
  }
}

// The one result, if it is the assignment's.
std::optional<schema::JobResult::Reader> WorkerProcess::resultIn(WorkerLink::Answer& answer) const {
  try {
    const auto results = answer.getResults();
    if (!assignment_ || results.size() != 1 || results[0].getId() != assignment_->id) return {};
    return results[0];
  } catch (const kj::Exception&) {
    return {};
  }
}

void WorkerProcess::handle(WorkerLink::Answer& answer) {
  if (assignment_ && assignment_->held == Assignment::Held::byMaster) return passedBy(answer);
  const auto result = resultIn(answer);
  if (!result) return endForNonsense("it answered a job that it was not given");
  // A job whose time was up has failed, also when it ends before the signal ends it.
  if (cause_ == DeathCause::timeout) return;
  ++jobsServed_;
  freed();
  env_.owner.workerAnswered(*this, *result);
}

void WorkerProcess::passedBy(WorkerLink::Answer& answer) {
  if (resultIn(answer)) return endForNonsense("it answered a job that had been taken back");
  freed();
  env_.owner.workerPassed(*this);
}

void WorkerProcess::freed() {
  assignment_.reset();
  if (state_ != WorkerState::busy) return;
  graceTimer_.cancel();
  state_ = WorkerState::idle;
}

void WorkerProcess::handle(Progress& progress) {
  if (!assignment_ || assignment_->id != progress.job) return;
  env_.owner.workerProgressed(progress.job, progress.fraction, progress.note);
}

void WorkerProcess::handle(Nonsense& nonsense) {
  endForNonsense("its answer was no answer: " + nonsense.what);
}

void WorkerProcess::handle(Disconnected&) {
  const auto& error = link_->error();
  if (error && !link_->cutShort()) return endForNonsense(error->what());
  if (state_ == WorkerState::ending) {
    // One that is ending may close its pipes as it likes: `grace` bounds it.
    if (error) endForNonsense(error->what());
    return;
  }
  // A death closes the pipe too, also in the middle of a message, and is seen a moment later.
  const std::string place = error ? " in the middle of a message" : "";
  verdictTimer_ = env_.reactor.callLater(kVerdictDelay, [this, place] {
    endForNonsense("it closed its reply pipe" + place + " and lived on");
  });
}

// One that never got ready has failed to start, whatever it said instead.
void WorkerProcess::endForNonsense(std::string what) {
  if (state_ != WorkerState::ending) {
    return end(state_ == WorkerState::starting ? DeathCause::startup : DeathCause::protocol,
               SIGKILL, std::move(what));
  }
  // Its last words, read after its end, say why it did not get ready.
  if (exitStatus_ && cause_ == DeathCause::startup && detail_.empty()) detail_ = std::move(what);
}

// The end.

void WorkerProcess::exited(const ExitStatus& status) {
  exitStatus_ = status;
  if (!cause_) {
    auto [cause, detail] = deathReason(evidence(status), env_.options.limits);
    beginEnding(cause, std::move(detail));
  }
  graceTimer_.cancel();
  verdictTimer_.cancel();
  drainUntil_ = env_.reactor.now() + kDrainLimit;
  drain();
}

// Of an end that was not the pool's doing.
DeathEvidence WorkerProcess::evidence(const ExitStatus& status) const {
  using Life = DeathEvidence::Life;
  DeathEvidence evidence{.life = state_ == WorkerState::starting ? Life::starting : Life::serving,
                         .status = status,
                         .resources = process_->resources(),
                         .refusal = refusal()};
  if (status == ExitStatus(Signalled{SIGKILL}) && oomMark_) {
    evidence.oomKill = env_.oomKills.claim(*oomMark_);
  }
  return evidence;
}

// The page is the worker's to write: at the worst it calls a crash of its own a want of memory.
DeathEvidence::Refusal WorkerProcess::refusal() const {
  using Refusal = DeathEvidence::Refusal;
  if (!control_) return Refusal::none;
  const auto refused = control_->page().refusedJob.load(std::memory_order_acquire);
  if (assignment_ && refused == assignment_->id) return Refusal::toTheJob;
  if (jobBegun()) return Refusal::none;
  if (assignment_ && refused == kRefusedToMessage) return Refusal::toItsMessage;
  return refused == kRefusedBetweenJobs ? Refusal::betweenJobs : Refusal::none;
}

void WorkerProcess::drain() {
  const bool more = link_->readPending() || LoopBridge::current()->runnable() || !events_.empty();
  if (!more || env_.reactor.now() >= drainUntil_) return die();
  env_.reactor.callLater(Duration::zero(), [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && !self->dead_) self->drain();
  });
}

void WorkerProcess::die() {
  if (dead_) return;
  const auto keepAlive = shared_from_this();
  if (log_) log_->finish();
  auto document = certificate();
  dead_ = true;
  link_.reset();
  env_.owner.workerDied(*this, std::move(document));
}

DeathCertificate WorkerProcess::certificate() const {
  DeathCertificate death;
  death.worker = number_;
  death.cause = cause_.value_or(DeathCause::crash);
  death.jobsServed = jobsServed_;
  death.uptime = env_.reactor.now() - spawnedAt_;
  death.detail = detail_;
  if (control_) death.phase = control_->page().phase.load(std::memory_order_acquire);
  if (assignment_) {
    death.job = assignment_->id;
    death.function = assignment_->function;
    death.label = assignment_->label;
    // A job whose message cannot be received would kill the next worker as well.
    if (refusal() == DeathEvidence::Refusal::toItsMessage)
      death.begun = DeathCertificate::Begun::yes;
    if (jobBegun()) {
      death.begun = DeathCertificate::Begun::yes;
      const double progress = control_->page().progress.load(std::memory_order_acquire);
      if (progress > 0 && progress <= 1) death.progress = progress;
    }
  }
  if (process_) {
    death.pid = process_->pid();
    death.status = exitStatus_.value_or(StatusUnknown{});
    death.resources = process_->resources();
  }
  if (log_) death.stderrTail = log_->stderrTail();
  return death;
}

}  // namespace phial::detail
