#include "worker/runtime.h"

#include <capnp/rpc-twoparty.h>
#include <cxxabi.h>
#include <phial/protocol/argument_message.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/job_scope.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/probes.h>
#include <phial/protocol/scheduling.h>
#include <phial/protocol/thresholds.h>
#include <phial/protocol/value_capnp.h>
#include <phial/protocol/worker_contract.h>
#include <phial/worker/job.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "worker/job_in_progress.h"
#include "worker/own_process.h"
#include "worker/server.h"
#include "worker/throw_site.h"

namespace phial::inline v1 {
namespace detail {
namespace {

// A job's place on the control page, from its first look to its last.
class PageEntry {
 public:
  PageEntry(ControlPage& page, std::uint64_t job) : page_(page) {
    page_.startedNanos.store(0, std::memory_order_relaxed);
    page_.element.store(0, std::memory_order_relaxed);
    page_.elementStartedNanos.store(0, std::memory_order_relaxed);
    page_.phase.store(Phase::decoding, std::memory_order_relaxed);
    page_.job.store(job, std::memory_order_release);
  }
  ~PageEntry() { phase(Phase::delivering); }
  void started(std::int64_t when) {
    page_.startedNanos.store(when, std::memory_order_release);
    phase(Phase::running);
  }
  void phase(Phase phase) { page_.phase.store(phase, std::memory_order_release); }

 private:
  ControlPage& page_;
};

FunctionHandler& handlerOf(const FunctionTable& functions, std::uint32_t index) {
  if (index < functions.list().size()) return *functions.list()[index].handler;
  throw UnknownFunction("the master asked for function " + std::to_string(index) + "; there are " +
                        std::to_string(functions.list().size()));
}

// Those that master and worker have agreed on, and those that were opened since, the loop's own.
std::vector<int> neededDescriptors(const std::vector<int>& before) {
  std::vector<int> needed = {kRequestFd,    kReplyFd,    kRequestArenaFd,
                             kReplyArenaFd, kLifelineFd, kFileLaneFd};
  for (const int number : openDescriptors(kRequestFd)) {
    if (std::ranges::find(before, number) == before.end()) needed.push_back(number);
  }
  return needed;
}

const char* purposeOf(int descriptor) {
  switch (descriptor) {
    case kRequestFd:
      return "requests";
    case kReplyFd:
      return "replies";
    case kRequestArenaFd:
    case kReplyArenaFd:
      return "large messages";
    case kLifelineFd:
      return "ending with the master";
    case kFileLaneFd:
      return "shared arrays";
    default:
      return "the event loop";
  }
}

constexpr int kUnknownDescriptor = 0;

event_base* newBase() {
  if (event_base* base = event_base_new()) return base;
  throw std::runtime_error("cannot create an event loop");
}

}  // namespace

struct Runtime::Connection {
  Connection(Runtime& runtime, event_base& base)
      : pipe(base, kj::AutoCloseFd(kRequestFd), kj::AutoCloseFd(kReplyFd), {},
             adoptArenas(kRequestArenaFd, kReplyArenaFd)),
        network(pipe, capnp::rpc::twoparty::Side::SERVER, rpcReaderOptions()),
        rpc(capnp::makeRpcServer(network, kj::heap<Server>(runtime))),
        end(network.onDisconnect()
                .then([&runtime] { runtime.requestsEnd(); })
                .eagerlyEvaluate([&runtime](kj::Exception&&) { runtime.requestsEnd(); })) {}

  MessagePipe pipe;
  capnp::TwoPartyVatNetwork network;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc;
  kj::Promise<void> end;
};

Runtime::Runtime(const Offer& offer, const ControlPageMapping& control,
                 std::optional<Failure> startFailure)
    : offer_(offer),
      page_(control.page()),
      memory_(control.results()),
      results_(memory_),
      startFailure_(std::move(startFailure)),
      maxMessageBytes_(FrameLimits{}.maxMessageBytes),
      openBefore_(openDescriptors(kRequestFd)),
      base_(newBase(), &event_base_free),
      bridge_(*base_),
      refused_(page_),
      files_(FileLane::adopt(kFileLaneFd)),
      connection_(std::make_unique<Connection>(*this, *base_)),
      needed_(neededDescriptors(openBefore_)),
      upkeep_(needed_) {
  bridge_.allowSharing();
  stopReleasingAside();
  askForLongTimeSlices();
  offer_.exports.open();
}

Runtime::~Runtime() {
  offer_.exports.close();
  parent_.close();
}

void Runtime::requestsEnd() {
  requestsEnded_ = true;
  const auto& error = connection_->pipe.error();
  if (!error) return;
  std::fprintf(stderr, "cannot read on: %s\n", error->what());
  if (connection_->pipe.outOfMemory()) refused_.toMessage();
  stopStatus_ = kCannotServeStatus;
}

void Runtime::greet(schema::MasterInfo::Reader master) {
  if (master.getMaxMessageBytes() > 0) maxMessageBytes_ = master.getMaxMessageBytes();
  busyWait_ = BusyWait(master.getSpinNanoseconds());
  parent_.greet(master, maxMessageBytes_);
  page_.phase.store(Phase::idle, std::memory_order_release);
}

int Runtime::serve() {
  while (!requestsEnded_) {
    if (start_) {
      runStart();
    } else if (leaseEnd_ && queue_.empty()) {
      runLeaseEnd();
    } else if (!queue_.empty()) {
      runNext();
    } else if (stopStatus_) {
      pushOut();
      break;
    } else {
      waitForJob();
    }
    if (damaged_) return kCannotServeStatus;
  }
  // The requests may have ended because a job closed them.
  if (upkeep_.any()) look();
  if (damaged_) return kCannotServeStatus;
  session_.end();
  page_.phase.store(Phase::stopping, std::memory_order_release);
  return stopStatus_.value_or(0);
}

void Runtime::waitForJob() {
  const bool came = busyWait_.wait([this] {
    turnLoop(EVLOOP_NONBLOCK);
    return anythingToDo();
  });
  if (came) return;
  if (upkeep_.any()) look();
  if (!damaged_) waitForEvent();
}

void Runtime::waitForEvent() { turnLoop(EVLOOP_ONCE); }

void Runtime::turnLoop(int flags) {
  if (event_base_loop(base_.get(), flags) >= 0) return;
  // Its own descriptor is gone, and it would fail so for ever.
  lose(upkeep_.look().value_or(kUnknownDescriptor));
}

void Runtime::look() {
  if (const auto lost = upkeep_.look()) lose(*lost);
}

// The worker cannot go on. It says so where no descriptor is needed: the master reads the page.
void Runtime::lose(int descriptor) {
  page_.lostDescriptor.store(static_cast<std::uint32_t>(descriptor + 1), std::memory_order_release);
  std::fprintf(stderr,
               "phial: a job has closed or replaced descriptor %d, which the worker needs for %s\n",
               descriptor, purposeOf(descriptor));
  damaged_ = requestsEnded_ = true;
}

void Runtime::runNext() {
  const auto next = queue_.next();
  const auto job = next.batch.job(next.index);
  if (next.index == 0) results_.beginBatch(job.getSlot());
  refused_.during(job.getId());
  bool ended = next.last;
  if (claim(job)) {
    ended = handOver(next, runJob(next));
  } else {
    files_.discard(job.getId(), job.getFiles());
  }
  if (ended) answer(next);
  if (damaged_) return;
  refused_.betweenJobs();
  page_.phase.store(Phase::idle, std::memory_order_release);
  if (upkeep_.due()) look();
}

// The result is where the master finds it before the next job begins, because the next job may take
// long, or be the worker's last. Returns true if the batch ends with this job.
bool Runtime::handOver(const BatchQueue::Next& next, FinishedJob job) {
  std::fflush(stdout);
  page_.phase.store(Phase::encoding, std::memory_order_release);
  if (!next.alone && leaveInMemory(next.slot, job)) return next.last;
  next.batch.endWith(std::move(job));
  return true;
}

// Answers the first batch of the queue, which ends with the job `last`. The jobs after that one
// stay offered in their slots, where the master takes them back when it reads the answer.
void Runtime::answer(const BatchQueue::Next& last) {
  page_.phase.store(Phase::encoding, std::memory_order_release);
  // What is written elsewhere than to the master would harm somebody else's file.
  if (upkeep_.any() && !upkeep_.holds(kReplyFd)) return lose(kReplyFd);
  auto batch = queue_.pop();
  for (unsigned i = last.index + 1; i < batch->size(); ++i) {
    const auto job = batch->job(i);
    files_.discard(job.getId(), job.getFiles());
  }
  batch->answer(files_);
  page_.phase.store(Phase::delivering, std::memory_order_release);
  pushOut();
  if (connection_->pipe.writePending()) cutOff_ = std::move(batch);
}

// False: it does not fit.
bool Runtime::leaveInMemory(unsigned slot, const FinishedJob& job) {
  if (slot >= page_.slots.size() || job.needsAnswer()) return false;
  const auto room = results_.room(job.words);
  if (room == nullptr) return false;
  try {
    capnp::FlatMessageBuilder message(room);
    job.encode(message.initRoot<schema::JobResult>(), files_);
    const auto used = message.getSegmentsForOutput()[0].size();
    results_.place(slot, static_cast<std::uint32_t>(used));
  } catch (const kj::Exception&) {
    return false;  // a failure to write it can be larger than the result would have been
  }
  page_.slots[slot].deliver(job.id);
  return true;
}

// From here on the job is this worker's to answer for. False: the master has taken it back.
bool Runtime::claim(schema::Job::Reader job) {
  // A slot that there is not is a job that can't be taken back.
  if (job.getSlot() >= page_.slots.size()) return true;
  return page_.slots[job.getSlot()].claim(job.getId());
}

FinishedJob Runtime::runJob(const BatchQueue::Next& next) {
  FinishedJob finished;
  finished.id = next.batch.job(next.index).getId();
  finished.outcome = call(next, finished);
  // The next job's reports may replace it before the master looks.
  if (page_.progress.lastJob() == finished.id) finished.progress = page_.progress.read();
  try {
    finished.measure();
    requireFits(finished.words * sizeof(capnp::word));
  } catch (...) {
    finished.outcome = Failure::current();
    finished.measure();
  }
  return finished;
}

// Throws EncodingError when a result of so many bytes is above the pool's limit.
void Runtime::requireFits(std::uint64_t bytes) const {
  if (bytes + kEnvelopeBytes <= maxMessageBytes_) return;
  throw EncodingError("the result needs about " + std::to_string(bytes) +
                      " bytes; the pool's limit for a message is " +
                      std::to_string(maxMessageBytes_));
}

std::unique_ptr<PreparedCall> Runtime::prepare(schema::Job::Reader job) {
  const IncomingFiles enclosed(files_.receive(job.getId(), job.getFiles()));
  const ArgumentsOfJob arguments(job);
  return handlerOf(offer_.functions, job.getFunction()).prepare(readerOf(arguments.list()));
}

FinishedJob::Outcome Runtime::prepareCall(schema::Job::Reader job) {
  const auto functions = offer_.functions.list().size();
  const std::size_t index = job.getFunction();
  if (index < functions || index - functions >= offer_.exports.methods().size()) {
    return prepare(job);
  }
  return offer_.exports.prepare(index - functions, job.getParams());
}

// Null unless the master has called the job as a stream.
std::shared_ptr<JobItems> Runtime::itemsOf(schema::Job::Reader job) {
  const std::uint64_t id = job.getId();
  if (page_.items.job.load() != id || job.getSlot() >= page_.slots.size()) return nullptr;
  return std::make_shared<JobItems>(
      JobItems::Road{.ring = ItemRingWriter(page_.items, memory_, job.getSlot()),
                     .maxMessageBytes = maxMessageBytes_,
                     .cancelled = [this, id] { return page_.cancelledJob.load() == id; },
                     .ringMaster = [this] { connection_->pipe.ring(); },
                     .wait =
                         [this] {
                           waitForEvent();
                           return !requestsEnded_;
                         }});
}

FinishedJob::Outcome Runtime::call(const BatchQueue::Next& next, FinishedJob& timing) {
  PageEntry entry(page_, timing.id);
  ThrowSites throwSites;
  bool entering = false;
  try {
    const auto job = next.batch.job(next.index);
    timing.timed = job.getTimed();
    const std::int64_t begun = timing.timed ? controlPageNanos() : 0;
    JobInProgress inProgress(job, page_, throwSites, connection_->pipe, session_, parent_,
                             itemsOf(job));
    auto prepared = prepareCall(job);
    entering = true;
    auto* const function = std::get_if<std::unique_ptr<PreparedCall>>(&prepared);
    if (next.last && function != nullptr && !(*function)->borrows()) next.batch.releaseArguments();
    timing.startedNanoseconds = controlPageNanos();
    if (timing.timed) {
      timing.decodeNanoseconds = static_cast<std::uint64_t>(timing.startedNanoseconds - begun);
    }
    entry.started(timing.startedNanoseconds);
    PHIAL_PROBE1(start, timing.id);
    if (function != nullptr) {
      (*function)->run();
    } else {
      std::get<std::unique_ptr<MethodCall>>(prepared)->run();
    }
    if (inForkedChild()) endForkedChild();
    timing.ended(controlPageNanos());
    upkeep_.ran(timing.runNanoseconds);
    return prepared;
  } catch (abi::__forced_unwind&) {
    if (inForkedChild()) endForkedChild();
    endOfThread();
  } catch (...) {
    if (inForkedChild()) endForkedChild();
    timing.ended(controlPageNanos());
    upkeep_.ran(timing.runNanoseconds);
    if (!entering) return Failure::current().neverRun();
    return Failure::currentOfJob(throwSites.latest());
  }
}

void Runtime::pushOut() {
  bridge_.runQueue();
  // A result that the pipe has not taken must not wait for the next job to end.
  while (connection_->pipe.writePending() && !requestsEnded_) waitForEvent();
}

}  // namespace detail
}  // namespace phial::inline v1
