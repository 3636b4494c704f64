// What a worker says, and what becomes of one that talks nonsense.
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/worker_contract.h>

#include <utility>

#include "master/supervision/worker_process.h"

namespace phial::detail {
namespace {

// How long a worker that has closed its reply pipe may take to be seen dead. The kernel closes a
// dying process's descriptors before it reports the end, so a healthy death is microseconds away.
constexpr Duration kVerdictDelay = std::chrono::milliseconds(500);

}  // namespace

// Taken out of KJ's callbacks.

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

}  // namespace phial::detail
