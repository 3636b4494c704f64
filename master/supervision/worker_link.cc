#include "master/supervision/worker_link.h"

#include <phial/protocol/control_page.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/worker_contract.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace phial::detail {
namespace {

// Bounds of a run request beside its arguments: RPC envelope, Job, label pointer.
constexpr std::uint64_t kRequestWords = 64;
constexpr std::uint64_t kMaxHintWords = std::uint64_t{1} << 28;

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

void WorkerLink::describe(const std::string& pool, std::uint64_t worker) {
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
  tasks_->add(
      request.send().then([this](Greeting&& greeting) { listener_.onGreeting(kj::mv(greeting)); }));
}

void WorkerLink::run(const Job& job, std::uint32_t function) {
  const std::uint64_t words = job.argumentWords() + job.options.label.size() / 8 + kRequestWords;
  auto request = worker_.runRequest(capnp::MessageSize{std::min(words, kMaxHintWords), 0});
  auto wire = request.initJobs(1)[0];
  wire.setId(job.id);
  wire.setFunction(function);
  wire.setSlot(static_cast<std::uint16_t>(job.id % kJobSlots));
  if (!job.options.label.empty()) wire.setLabel(job.options.label.c_str());
  OutgoingFiles enclosed;
  BorrowedBytes borrowed;
  job.encodeArguments(wire.initArguments(job.argumentCount()));
  wire.setFiles(enclosed.size());
  files_.send(job.id, enclosed.files());
  Loan loan(*this, borrowed.any() ? job.arguments() : nullptr);
  tasks_->add(request.send().then(
      [this, loan = kj::mv(loan)](Answer&& answer) { listener_.onAnswer(kj::mv(answer)); }));
}

void WorkerLink::shutdown() { tasks_->add(worker_.shutdownRequest().send().ignoreResult()); }

}  // namespace phial::detail
