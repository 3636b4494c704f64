#include "master/supervision/worker_link.h"

#include <phial/protocol/control_page.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/worker_contract.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace phial::detail {
namespace {

// Bounds of a run request beside its jobs, and of a job beside its arguments.
constexpr std::uint64_t kRequestWords = 64;
constexpr std::uint64_t kJobWords = 8;
// Large arguments are not copied into the message.
constexpr std::uint64_t kMaxHintWords = std::uint64_t{1} << 16;

std::uint64_t wordsOf(const WorkerLink::Outgoing& outgoing) {
  const auto& label = outgoing.job->options().label;
  return kJobWords + outgoing.argumentWords + label.size() / sizeof(capnp::word);
}

}  // namespace

class WorkerLink::ParentServer final : public schema::Parent::Server {
 public:
  explicit ParentServer(Listener& listener) : listener_(listener) {}
  kj::Promise<void> progress(ProgressContext context) override {
    const auto params = context.getParams();
    listener_.onProgress(params.getJob(), params.getFraction(), params.getNote());
    return kj::READY_NOW;
  }

 private:
  Listener& listener_;
};

class WorkerLink::SinkServer final : public schema::Sink::Server {
 public:
  explicit SinkServer(Listener& listener) : listener_(listener) {}
  kj::Promise<void> deliver(DeliverContext context) override {
    auto paf = kj::newPromiseAndFulfiller<void>();
    listener_.onDelivery({kj::mv(context), kj::mv(paf.fulfiller)});
    return kj::mv(paf.promise);
  }

 private:
  Listener& listener_;
};

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
      sink_(kj::heap<SinkServer>(listener)),
      tasks_(kj::heap<Tasks>(*this)) {
  tasks_->add(network_.onDisconnect().then([this] {
    connected_ = false;
    listener_.onDisconnect();
  }));
}

WorkerLink::~WorkerLink() = default;

void WorkerLink::fail(kj::Exception&& exception) {
  // Calls that were under way fail with the connection; its end is reported once, by itself.
  if (!connected_ || exception.getType() == kj::Exception::Type::DISCONNECTED) return;
  listener_.onNonsense(exception.getDescription().cStr());
}

void WorkerLink::describe(const std::string& pool, std::uint64_t worker, Duration spin) {
  auto request = worker_.describeRequest();
  auto master = request.initMaster();
  master.setProtocolVersion(schema::PROTOCOL_VERSION);
  const auto build = buildId();
  master.setBuildId(capnp::Text::Reader(build.data(), build.size()));
  master.setPid(::getpid());
  master.setPool(pool.c_str());
  master.setWorker(worker);
  master.setParent(kj::heap<ParentServer>(listener_));
  master.setMaxMessageBytes(maxMessageBytes_);
  master.setSpinNanoseconds(spin.count());
  tasks_->add(
      request.send().then([this](Greeting&& greeting) { listener_.onGreeting(kj::mv(greeting)); }));
}

bool WorkerLink::run(std::span<Outgoing> jobs, std::uint64_t batch, ControlPage& page,
                     unsigned firstSlot) {
  std::uint64_t words = kRequestWords;
  for (const auto& outgoing : jobs) words += wordsOf(outgoing);
  auto request = worker_.runRequest(capnp::MessageSize{std::min(words, kMaxHintWords), 1});
  auto list = request.initJobs(static_cast<unsigned>(jobs.size()));
  std::vector<Loan> loans;
  bool any = false;
  for (unsigned i = 0; i < list.size(); ++i) {
    auto wire = list[i];
    wire.setSlot(static_cast<std::uint16_t>(firstSlot + i));
    wire.setFunction(jobs[i].function);
    try {
      write(*jobs[i].job, wire, loans);
      page.slots[firstSlot + i].offer(jobs[i].job->id);
      any = true;
    } catch (...) {
      jobs[i].failure = Failure::current();
    }
  }
  if (!any) return false;
  if (jobs.size() > 1) request.setSink(sink_);
  tasks_->add(request.send().then([this, batch, loans = kj::mv(loans)](Answer&& answer) {
    listener_.onAnswer(batch, kj::mv(answer));
  }));
  return true;
}

// What it throws is the job's failure; no file has been sent then.
void WorkerLink::write(const Job& job, schema::Job::Builder wire, std::vector<Loan>& loans) {
  wire.setId(job.id);
  if (!job.options().label.empty()) wire.setLabel(job.options().label.c_str());
  OutgoingFiles enclosed;
  BorrowedBytes borrowed;
  // Also of one that fails half way: what it has borrowed is part of the message.
  KJ_DEFER(if (borrowed.any()) loans.emplace_back(*this, job.arguments()));
  job.encodeArguments(wire.initArguments(job.argumentCount()));
  wire.setFiles(enclosed.size());
  files_.send(job.id, enclosed.files());
}

void WorkerLink::shutdown() { tasks_->add(worker_.shutdownRequest().send().ignoreResult()); }

}  // namespace phial::detail
