// What a worker says, and what becomes of one that talks nonsense.
#include <capnp/message.h>
#include <phial/protocol/worker_contract.h>

#include <string_view>
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::detail {
namespace {

// How ConversationRules puts a worker's abort.
constexpr std::string_view kBreaksOff = "it broke off the conversation";

// As for a message that comes by the pipe: see FrameReader.
capnp::ReaderOptions resultReaderOptions(std::size_t words) {
  auto options = rpcReaderOptions();
  options.traversalLimitInWords = words * 8 + 8192;
  return options;
}

// What a greeting may hold: to read so many functions takes about a millisecond.
constexpr unsigned kMostFunctions = 4096;
constexpr std::size_t kMostBuildIdBytes = 256;
constexpr std::size_t kMostStartFailureBytes = std::size_t{16} << 10;

std::string describeStart(schema::Failure::Reader failure) {
  const auto types = failure.getTypes();
  const auto type = types.size() > 0 ? types[0] : capnp::Text::Reader("something");
  const auto message = failure.getMessage();
  return "its onStart threw " + quoted(type.begin(), type.size(), kMostBuildIdBytes) + ": " +
         quoted(message.begin(), message.size(), kMostStartFailureBytes);
}

}  // namespace

// Taken out of KJ's callbacks.

void WorkerProcess::onGreeting(WorkerLink::Greeting greeting) { note(kj::mv(greeting)); }
void WorkerProcess::onAnswer(std::uint64_t batch, WorkerLink::Answer answer) {
  note(Answer{batch, kj::mv(answer)});
}
void WorkerProcess::onDelivery(WorkerLink::Delivery delivery) { note(kj::mv(delivery)); }
void WorkerProcess::onNonsense(std::string what) { note(Nonsense{std::move(what)}); }
void WorkerProcess::onDisconnect() { note(Disconnected{}); }

void WorkerProcess::onBell() {
  if (progress_.onBell() == ProgressRelay::When::later) return;
  env_.reactor.callSoon([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && !self->dead_) self->progress_.read(*self->page_);
  });
}

void WorkerProcess::note(Event event) {
  events_.push_back(std::move(event));
  if (events_.size() > 1) return;
  env_.reactor.callSoon([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->handleEvents();
  });
}

void WorkerProcess::handleEvents() {
  while (!events_.empty() && !dead_) {
    if (!readAhead(events_.front())) return;
    Event event = std::move(events_.front());
    events_.pop_front();
    std::visit([this](auto& e) { handle(e); }, event);
    reading_.reset();
  }
}

// False: it brings a large result, which is being read first, on the side thread. Until then the
// job counts as running, though nothing that happens to its worker can harm it any more. A job that
// shares its message with others is short, and so is what it returns.
bool WorkerProcess::readAhead(Event& event) {
  if (reading_) return !reading_->steps.active();
  try {
    capnp::List<schema::JobResult>::Reader results;
    if (auto* answer = std::get_if<Answer>(&event)) results = answer->message.getResults();
    if (auto* delivery = std::get_if<WorkerLink::Delivery>(&event)) {
      results = delivery->context.getParams().getResults();
    }
    if (results.size() == 1) beginReading(results[0]);
  } catch (const kj::Exception&) {  // whoever handles it will say so
  }
  return !reading_;
}

void WorkerProcess::beginReading(schema::JobResult::Reader result) {
  const std::uint64_t id = result.getId();
  const auto place = inFlight_.find(id);
  if (!place || !page_->begun(*place) || inFlight_.expired(id)) return;
  const std::shared_ptr<ResultReading> reading = env_.owner.jobArrived(result);
  if (!reading) return;
  if (giveUps_.forget(id)) report();
  const auto done = [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->handleEvents();
  };
  reading_ = Reading{id, reading, Steps(env_.reactor, env_.side, reading, done)};
}

void WorkerProcess::handle(WorkerLink::Greeting& greeting) {
  auto objection = readGreeting(greeting);
  if (!objection.empty()) return endForNonsense(std::move(objection));
  if (state_ != WorkerState::starting) return;
  startTimer_.cancel();
  state_ = WorkerState::idle;
  report();
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
  const auto build = info.getBuildId();
  if (std::string_view(build.begin(), build.size()) != buildId()) {
    return "it holds another build of Phial: \"" +
           quoted(build.begin(), build.size(), kMostBuildIdBytes) + "\", this program holds \"" +
           std::string(buildId()) + "\"";
  }
  if (info.hasStartFailure()) return describeStart(info.getStartFailure());
  if (info.getFunctions().size() > kMostFunctions) {
    return "it offers " + std::to_string(info.getFunctions().size()) + " functions; the limit is " +
           std::to_string(kMostFunctions);
  }
  return {};
}

void WorkerProcess::readFunctions(schema::WorkerInfo::Reader info) {
  for (auto function : info.getFunctions()) {
    functions_.add(function.getName(), function.getSignature());
  }
}

void WorkerProcess::handle(Answer& answer) {
  if (inFlight_.empty() || inFlight_.batches().front().number != answer.batch) {
    return endForNonsense("it answered a batch out of turn");
  }
  auto fault = fetchDelivered(0);
  if (fault.empty()) fault = readAnswer(answer.message);
  if (!fault.empty()) return endForNonsense(std::move(fault));
  batchAnswered();
}

// What it has answered, and what it has passed by because it was taken back, is all that there was.
std::string WorkerProcess::readAnswer(WorkerLink::Answer& answer) {
  try {
    auto fault = readResults(answer.getResults());
    if (!fault.empty()) return fault;
  } catch (const kj::Exception&) {
    return "its answer cannot be read";
  }
  for (const auto& job : inFlight_.batches().front().jobs) {
    if (job.held == InFlight::Held::byWorker && !inFlight_.expired(job.id)) {
      return "it answered a batch without job " + std::to_string(job.id);
    }
  }
  return {};
}

void WorkerProcess::batchAnswered() {
  // A job whose time was up has failed, also when it ends before the signal ends it.
  if (inFlight_.holdsExpired()) return report();
  inFlight_.popFront();
  if (inFlight_.empty() && state_ == WorkerState::busy) state_ = WorkerState::idle;
  report();
  env_.owner.workerAnswered(*this);
}

void WorkerProcess::handle(WorkerLink::Delivery& delivery) {
  std::string fault = inFlight_.empty() ? "it delivered though it had no job" : fetchDelivered(0);
  try {
    if (fault.empty()) fault = readResults(delivery.context.getParams().getResults());
  } catch (const kj::Exception&) {
    fault = "its results cannot be read";
  }
  delivery.done->fulfill();
  report();
  if (!fault.empty()) return endForNonsense(std::move(fault));
  env_.owner.workerAnswered(*this);
}

// What is wrong with them, or nothing. Throws kj::Exception when they cannot be read.
std::string WorkerProcess::readResults(capnp::List<schema::JobResult>::Reader results) {
  for (const auto result : results) {
    const auto place = inFlight_.find(result.getId());
    if (!place || !page_->begun(*place)) return "it answered a job that it was not given";
    auto fault = accept(*place, result);
    if (!fault.empty()) return fault;
  }
  return {};
}

// The results of one batch that lie in shared memory, up to the first job whose result does not:
// that one comes with a message, and what belongs to results must be read in their order.
std::string WorkerProcess::fetchDelivered(std::size_t batch) {
  const std::size_t jobs = inFlight_.batches()[batch].jobs.size();
  for (InFlight::Place place{batch, 0}; place.index < jobs; ++place.index) {
    const auto& job = inFlight_.job(place);
    if (job.held != InFlight::Held::byWorker) continue;
    if (!page_->delivered(place)) break;
    if (!page_->fetch(place, fetched_)) {
      return "it placed a result outside of the memory for results";
    }
    try {
      const auto* words = reinterpret_cast<const capnp::word*>(fetched_.data());
      const kj::ArrayPtr<const capnp::word> segment(words, fetched_.size());
      capnp::SegmentArrayMessageReader message(kj::arrayPtr(&segment, 1),
                                               resultReaderOptions(fetched_.size()));
      auto fault = accept(place, message.getRoot<schema::JobResult>());
      if (!fault.empty()) return fault;
    } catch (const kj::Exception&) {
      return "a result of its in shared memory cannot be read";
    }
  }
  return {};
}

std::string WorkerProcess::accept(InFlight::Place place, schema::JobResult::Reader result) {
  const std::uint64_t id = inFlight_.job(place).id;
  if (result.getId() != id) return "it answered a job with the result of another";
  if (inFlight_.expired(id)) return {};
  if (result.hasProgress()) {
    const auto last = result.getProgress();
    progress_.tell(place, {last.getNumber(), id, last.getFraction(), last.getNote()});
  }
  inFlight_.settle(place, InFlight::Held::answered);
  child_->output()->jobAnswered();
  if (giveUps_.forget(id)) report();
  const bool read = reading_ && reading_->job == id && !reading_->result->stopped();
  env_.owner.jobAnswered(*this, {result, read ? reading_->result.get() : nullptr, link_->files()});
  return {};
}

void WorkerProcess::handle(Nonsense& nonsense) { endForNonsense(std::move(nonsense.what)); }

void WorkerProcess::handle(Disconnected&) {
  if (child_->endIsExpected()) return;  // a reason is known
  const auto& error = link_->error();
  if (error && !link_->cutShort()) return endForNonsense(error->what());
  if (state_ == WorkerState::ending) {
    // One that is ending may close its pipes as it likes: `grace` bounds it.
    if (error) endForNonsense(error->what());
    return;
  }
  // A death closes the pipe too, also in the middle of a message, and is seen a moment later.
  const std::string place = error ? " in the middle of a message" : "";
  child_->expectEnd(
      [this, place] { endForNonsense("it closed its reply pipe" + place + " and lived on"); });
}

// Of a worker that has broken off the conversation and lives on, though it may be on its way out.
void WorkerProcess::endAfterAbort() {
  if (page_->refusal() == DeathEvidence::Refusal::toItsMessage) {
    return end(DeathCause::memory, SIGKILL,
               "memory was refused to the message that brought its job");
  }
  end(DeathCause::protocol, SIGKILL, death_.suspicion());
}

// One that never got ready has failed to start, whatever it said instead.
void WorkerProcess::endForNonsense(std::string what) {
  // A worker that breaks off the conversation is about to end itself, and says why on its page: for
  // want of memory, for instance. It is given a moment to.
  if (state_ == WorkerState::busy && what.starts_with(kBreaksOff)) {
    if (child_->endIsExpected()) return;
    death_.suspect(std::move(what));
    return child_->expectEnd([this] { endAfterAbort(); });
  }
  if (state_ != WorkerState::ending) {
    return end(state_ == WorkerState::starting ? DeathCause::startup : DeathCause::protocol,
               SIGKILL, std::move(what));
  }
  death_.hearLastWords(std::move(what));
}

}  // namespace phial::detail
