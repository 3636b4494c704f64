#include "master/worker/worker_link.h"

#include <phial/protocol/argument_message.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/thresholds.h>
#include <phial/protocol/value_capnp.h>
#include <phial/protocol/worker_contract.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "master/worker/exported_object.h"
#include "master/worker/method_call.h"

namespace phial::inline v1::detail {
namespace {

// Bounds of a run request beside its jobs, and of a job beside its arguments.
constexpr std::uint64_t kRequestWords = 64;
constexpr std::uint64_t kJobWords = 9;

// A greeting names each function that a worker has, of which there are 4,096 at most.
constexpr std::uint64_t kGreetingBytes = std::uint64_t{4} << 20;

std::string quotedDescription(const kj::Exception& exception) {
  const auto text = exception.getDescription();
  return quoted(text.begin(), text.size(), ConversationRules::kMostQuotedBytes);
}

std::uint64_t wordsOf(const Outgoing& outgoing) {
  const auto& label = outgoing.job->label();
  const auto& trace = outgoing.job->trace();
  return kJobWords + outgoing.argumentWords + (label.size() + trace.size()) / sizeof(capnp::word);
}

}  // namespace

class WorkerLink::Tasks final : private kj::TaskSet::ErrorHandler {
 public:
  explicit Tasks(WorkerLink& link) : link_(link), tasks_(*this) {}
  void add(kj::Promise<void>&& promise) { tasks_.add(kj::mv(promise)); }

 private:
  void taskFailed(kj::Exception&& exception) override { link_.fail(kj::mv(exception)); }

  WorkerLink& link_;
  kj::TaskSet tasks_;
};

// The arguments to which a message on its way refers. An answer to it is no proof that it has been
// written, since a worker may answer what it has not heard.
class WorkerLink::Loan {
 public:
  Loan(WorkerLink& link, std::shared_ptr<const void> arguments)
      : link_(link), arguments_(std::move(arguments)) {}
  ~Loan() {
    if (!arguments_) return;
    link_.returned_.push_back(std::move(arguments_));
    if (!link_.pipe_.writePending()) link_.returned_.clear();
  }
  Loan(Loan&&) = default;
  Loan& operator=(Loan&&) = delete;

 private:
  WorkerLink& link_;
  std::shared_ptr<const void> arguments_;
};

WorkerLink::WorkerLink(event_base& base, Channels channels, std::uint64_t maxMessageBytes,
                       Listener& listener)
    : listener_(listener),
      maxMessageBytes_(maxMessageBytes),
      files_(kj::mv(channels.files)),
      pipe_(base, kj::mv(channels.replies), kj::mv(channels.requests),
            {.maxMessageBytes = maxMessageBytes}, std::move(channels.arenas)),
      network_(pipe_, capnp::rpc::twoparty::Side::CLIENT, rpcReaderOptions()),
      rpc_(capnp::makeRpcClient(network_)),
      worker_([this] {
        capnp::MallocMessageBuilder message(8);
        auto vat = message.initRoot<capnp::rpc::twoparty::VatId>();
        vat.setSide(capnp::rpc::twoparty::Side::SERVER);
        return rpc_.bootstrap(vat).castAs<schema::Worker>();
      }()),
      tasks_(kj::heap<Tasks>(*this)) {
  pipe_.watch(*this, kMostHeldBytes);
  pipe_.limitReading(std::min(maxMessageBytes, kGreetingBytes));
  tasks_->add(network_.onDisconnect().then([this] { disconnected(); }));
}

WorkerLink::~WorkerLink() = default;

std::string WorkerLink::objectionTo(capnp::MessageReader& message) {
  return rules_.objectionTo(message, network_.getCurrentQueueCount());
}

void WorkerLink::onFault() {
  // One that a death may explain is for onDisconnect(): so is the want of memory.
  if (!pipe_.cutShort()) object(pipe_.error()->what());
}

// At once, not with the connection's end: the RPC layer first waits until all that is queued has
// been written, and a worker may never read it.
void WorkerLink::object(std::string what) {
  if (std::exchange(objected_, true)) return;
  listener_.onNonsense(std::move(what));
}

void WorkerLink::fail(kj::Exception&& exception) {
  const auto what = quotedDescription(exception);
  if (exception.getType() != kj::Exception::Type::DISCONNECTED) {
    return object("its answer was no answer: " + what);
  }
  // Calls that were under way fail with the connection. Its end is reported once, by itself; but if
  // the pipe is sound, it was the RPC layer that refused what the worker sent, and says why.
  if (!pipe_.ended()) object("it broke the rules of the conversation: " + what);
}

void WorkerLink::disconnected() {
  if (objected_ || pipe_.ended()) return listener_.onDisconnect();
  // The RPC layer has refused something while no call was under way. Any call fails with the reason
  // now.
  tasks_->add(worker_.shutdownRequest().send().ignoreResult());
}

void WorkerLink::describe(const std::string& pool, std::uint64_t worker, Duration spin,
                          const ParentExport& exported) {
  auto request = worker_.describeRequest();
  auto master = request.initMaster();
  master.setProtocolVersion(schema::PROTOCOL_VERSION);
  const auto build = buildId();
  master.setBuildId(capnp::Text::Reader(build.data(), build.size()));
  master.setPid(::getpid());
  master.setPool(pool.c_str());
  master.setWorker(worker);
  master.setMaxMessageBytes(maxMessageBytes_);
  master.setSpinNanoseconds(spin.count());
  master.setParent(parent_.client());
  if (exported) exportTo(exported, master);
  tasks_->add(request.send().then([this](Greeting&& greeting) {
    pipe_.limitReading(maxMessageBytes_);
    listener_.onGreeting(kj::mv(greeting));
  }));
}

void WorkerLink::start(const StartCall& call, std::uint32_t function) {
  auto request = worker_.startRequest();
  auto wire = request.initCall();
  wire.setFunction(function);
  OutgoingFiles enclosed;
  call.encodeArguments(writerOf(wire.initArguments(call.argumentCount())));
  wire.setFiles(enclosed.size());
  files_.send(wire.getId(), enclosed.files());
  tasks_->add(
      request.send().then([this](Started&& answer) { listener_.onStarted(kj::mv(answer)); }));
}

bool WorkerLink::run(std::span<Outgoing> jobs, std::uint64_t batch, unsigned firstSlot) {
  std::uint64_t words = kRequestWords;
  for (const auto& outgoing : jobs) words += wordsOf(outgoing);
  auto request = worker_.runRequest(capnp::MessageSize{std::min(words, kMostHintWords), 0});
  auto list = request.initJobs(static_cast<unsigned>(jobs.size()));
  std::vector<Loan> loans;
  bool any = false;
  for (unsigned i = 0; i < list.size(); ++i) {
    auto wire = list[i];
    wire.setSlot(static_cast<std::uint16_t>(firstSlot + i));
    wire.setFunction(jobs[i].function);
    wire.setLease(jobs[i].lease);
    try {
      write(jobs[i], wire, loans);
      any = true;
    } catch (...) {
      jobs[i].failure = Failure::current();
    }
  }
  if (!any) return false;
  tasks_->add(request.send().then([this, batch, loans = kj::mv(loans)](Answer&& answer) {
    listener_.onAnswer(batch, kj::mv(answer));
  }));
  return true;
}

// What it throws is the job's failure; no file has been sent then.
void WorkerLink::write(const Outgoing& outgoing, schema::Job::Builder wire,
                       std::vector<Loan>& loans) {
  const Job& job = *outgoing.job;
  wire.setId(job.id);
  wire.setTimed(outgoing.timed);
  if (!job.label().empty()) wire.setLabel(job.label().c_str());
  if (!job.trace().empty()) wire.setTrace(job.trace().c_str());
  OutgoingFiles enclosed;
  BorrowedBytes borrowed;
  // Also of one that fails half way: what it has borrowed is part of the message.
  KJ_DEFER(if (borrowed.any()) loans.emplace_back(*this, job.arguments()));
  if (const MethodCall* method = job.method()) {
    method->encodeParams(wire.initParams(), *outgoing.boundary);
  } else {
    job.encodeArguments(writerOf(wire.initArguments(job.argumentCount())));
  }
  wire.setFiles(enclosed.size());
  files_.send(job.id, enclosed.files());
}

// The message is a part of the request as it lies.
void WorkerLink::run(const Written& job, std::uint64_t batch) {
  auto request = worker_.runRequest(capnp::MessageSize{kRequestWords + kJobWords, 0});
  auto wire = request.initJobs(1)[0];
  wire.setId(job.id);
  wire.setSlot(static_cast<std::uint16_t>(job.slot));
  wire.setFunction(job.function);
  wire.setLease(job.lease);
  wire.setTimed(job.timed);
  if (!job.label.empty()) wire.setLabel(job.label.c_str());
  if (!job.trace.empty()) wire.setTrace(job.trace.c_str());
  Loan loan(*this, job.arguments);
  encloseMessage(*job.arguments, wire);
  wire.setFiles(job.files.size());
  files_.send(job.id, job.files.files());
  tasks_->add(request.send().then([this, batch, loan = kj::mv(loan)](Answer&& answer) {
    listener_.onAnswer(batch, kj::mv(answer));
  }));
}

void WorkerLink::endLease(std::uint64_t lease) {
  auto request = worker_.endLeaseRequest();
  request.setLease(lease);
  tasks_->add(request.send().then([this, lease](auto&&) { listener_.onLeaseEnded(lease); }));
}

void WorkerLink::shutdown() { tasks_->add(worker_.shutdownRequest().send().ignoreResult()); }

}  // namespace phial::inline v1::detail
