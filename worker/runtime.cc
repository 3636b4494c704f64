#include "worker/runtime.h"

#include <capnp/rpc-twoparty.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/job_scope.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/scheduling.h>
#include <phial/protocol/worker_contract.h>
#include <phial/worker/job.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <utility>

#include "worker/server.h"
#include "worker/throw_site.h"

namespace phial {
namespace {

std::atomic<CurrentJob*> current{nullptr};

}  // namespace

CurrentJob& currentJob() {
  CurrentJob* job = current.load(std::memory_order_acquire);
  if (job == nullptr) throw std::logic_error("currentJob() was called outside of a job");
  return *job;
}

namespace detail {
namespace {

// Room for the RPC system's own part of a message.
constexpr std::uint64_t kEnvelopeBytes = 1024;

class JobInProgress final : public CurrentJob, public JobScope {
 public:
  JobInProgress(schema::Job::Reader job, ControlPage& page, const ThrowSites& throwSites,
                std::optional<schema::Parent::Client>& parent, LoopBridge& bridge)
      : id_(job.getId()),
        label_(job.getLabel()),
        page_(page),
        throwSites_(throwSites),
        parent_(parent),
        bridge_(bridge) {
    current.store(this, std::memory_order_release);
  }
  ~JobInProgress() override { current.store(nullptr, std::memory_order_release); }

  std::uint64_t id() const override { return id_; }
  std::string_view label() const override { return label_; }
  bool cancelled() const override {
    return page_.cancelledJob.load(std::memory_order_relaxed) == id_;
  }
  void progress(double fraction, std::string_view note) override {
    page_.progress.store(fraction, std::memory_order_relaxed);
    if (!parent_) return;  // this master offers no way back
    auto request = parent_->progressRequest();
    request.setJob(id_);
    request.setFraction(fraction);
    request.setNote(capnp::Text::Reader(std::string(note).c_str(), note.size()));
    // Fails only with the connection, whose end the main loop sees by itself.
    request.send().ignoreResult().detach([](kj::Exception&&) {});
    bridge_.runQueue();
  }
  std::string latestThrow() const override { return throwSites_.latest(); }
  void atElement(std::optional<std::uint64_t> index) override {
    page_.element.store(index ? *index + 1 : 0, std::memory_order_relaxed);
  }

 private:
  const std::uint64_t id_;
  const std::string label_;
  ControlPage& page_;
  const ThrowSites& throwSites_;
  std::optional<schema::Parent::Client>& parent_;
  LoopBridge& bridge_;
};

// A job's place on the control page, from its first look to its last.
class PageEntry {
 public:
  PageEntry(ControlPage& page, std::uint64_t job) : page_(page) {
    page_.startedNanos.store(0, std::memory_order_relaxed);
    page_.progress.store(0, std::memory_order_relaxed);
    page_.element.store(0, std::memory_order_relaxed);
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
  std::optional<schema::Parent::Client> parent;
  kj::Promise<void> end;
};

Runtime::Runtime(const FunctionTable& functions, const ControlPageMapping& control,
                 std::optional<Failure> startFailure)
    : functions_(functions),
      page_(control.page()),
      results_(control.results()),
      startFailure_(std::move(startFailure)),
      maxMessageBytes_(FrameLimits{}.maxMessageBytes),
      base_(newBase(), &event_base_free),
      bridge_(*base_),
      refused_(page_),
      files_(kj::AutoCloseFd(kFileLaneFd)),
      connection_(std::make_unique<Connection>(*this, *base_)) {
  releaseInPlace();
  takeLongTurns();
}

Runtime::~Runtime() = default;

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
  if (master.hasParent()) connection_->parent.emplace(master.getParent());
  page_.phase.store(Phase::idle, std::memory_order_release);
}

int Runtime::serve() {
  while (!requestsEnded_) {
    if (!queue_.empty()) {
      runNext();
    } else if (stopStatus_) {
      pushOut();
      break;
    } else {
      waitForJob();
    }
  }
  page_.phase.store(Phase::stopping, std::memory_order_release);
  return stopStatus_.value_or(0);
}

void Runtime::waitForJob() {
  const bool came = busyWait_.wait([this] {
    event_base_loop(base_.get(), EVLOOP_NONBLOCK);
    return anythingToDo();
  });
  if (!came) waitForEvent();
}

void Runtime::waitForEvent() { event_base_loop(base_.get(), EVLOOP_ONCE); }

void Runtime::runNext() {
  const auto next = queue_.next();
  const auto job = next.batch.job(next.index);
  if (next.index == 0) results_.beginBatch(job.getSlot());
  refused_.during(job.getId());
  if (claim(job)) {
    handOver(next, runJob(next));
  } else {
    files_.discard(job.getId(), job.getFiles());
  }
  if (next.last) {
    page_.phase.store(Phase::encoding, std::memory_order_release);
    auto batch = queue_.pop();
    batch->answer(files_);
    page_.phase.store(Phase::delivering, std::memory_order_release);
    pushOut();
    if (connection_->pipe.writePending()) cutOff_ = std::move(batch);
  }
  refused_.betweenJobs();
  page_.phase.store(Phase::idle, std::memory_order_release);
}

// The result is on its way, or at least where the master finds it, before the next job begins: that
// one may take long, or be the worker's last.
void Runtime::handOver(const BatchQueue::Next& next, FinishedJob job) {
  std::fflush(stdout);
  page_.phase.store(Phase::encoding, std::memory_order_release);
  if (!next.alone && leaveInMemory(next.slot, job)) return;
  auto& sink = next.batch.sink();
  if (next.last || !sink) return next.batch.add(std::move(job));
  const BorrowedBytes borrowed;
  auto request = sink->deliverRequest(capnp::MessageSize{job.hintWords(), 0});
  job.encode(request.initResults(1)[0], files_);
  page_.phase.store(Phase::delivering, std::memory_order_release);
  // Fails only with the connection, whose end the main loop sees by itself.
  request.send().ignoreResult().detach([](kj::Exception&&) {});
  pushOut();
  if (connection_->pipe.writePending()) cutOff_ = std::move(job);
}

// False: it does not fit.
bool Runtime::leaveInMemory(unsigned slot, const FinishedJob& job) {
  if (slot >= page_.slots.size()) return false;
  const auto room = results_.room(job.words());
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
  try {
    requireFits(finished.words() * sizeof(capnp::word));
  } catch (...) {
    finished.outcome = Failure::current();
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
  return handlerOf(functions_, job.getFunction()).prepare(job.getArguments());
}

std::variant<std::unique_ptr<PreparedCall>, Failure> Runtime::call(const BatchQueue::Next& next,
                                                                   FinishedJob& timing) {
  PageEntry entry(page_, timing.id);
  ThrowSites throwSites;
  try {
    const auto job = next.batch.job(next.index);
    JobInProgress inProgress(job, page_, throwSites, connection_->parent, bridge_);
    auto prepared = prepare(job);
    if (next.last && !prepared->borrows()) next.batch.releaseArguments();
    timing.startedNanoseconds = controlPageNanos();
    entry.started(timing.startedNanoseconds);
    prepared->run();
    timing.ended(controlPageNanos());
    return prepared;
  } catch (...) {
    timing.ended(controlPageNanos());
    return Failure(std::current_exception(), throwSites.latest());
  }
}

void Runtime::pushOut() {
  bridge_.runQueue();
  // A result that the pipe has not taken must not wait for the next job to end.
  while (connection_->pipe.writePending() && !requestsEnded_) waitForEvent();
}

}  // namespace detail
}  // namespace phial
