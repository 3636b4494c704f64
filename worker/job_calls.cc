#include "worker/job_calls.h"

#include <capnp/message.h>
#include <phial/protocol/error.h>
#include <phial/protocol/failure_report.h>
#include <phial/protocol/thresholds.h>
#include <phial/protocol/value_capnp.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "worker/own_process.h"

namespace phial::inline v1::detail {
namespace {

using Request = capnp::Request<schema::Parent::CallParams, schema::Parent::CallResults>;
using Answer = capnp::Response<schema::Parent::CallResults>;

// A call beside its names and arguments.
constexpr std::uint64_t kCallWords = 32;

std::string parentGone(const kj::Exception& why) {
  return std::string("the master of the job is gone: ") + why.getDescription().cStr();
}

// What Cap'n Proto puts before the text of the other side.
kj::Exception withoutPrefix(const kj::Exception& exception) {
  constexpr kj::StringPtr kPrefix = "remote exception: "_kj;
  kj::StringPtr text = exception.getDescription();
  if (text.startsWith(kPrefix)) text = text.slice(kPrefix.size());
  return {exception.getType(), exception.getFile(), exception.getLine(), kj::str(text)};
}

}  // namespace

// That a wait is over before what it was for has come.
struct CallsOfJob::WaitOver {
  enum class Why { cancelled, tooMany, gone };

  Why why;
  std::string text;

  [[noreturn]] void raise() const {
    if (why == Why::tooMany) throw TooManyWaiting(text);
    if (why == Why::gone) throw ParentGone(text);
    throw CancelledError("the job was cancelled while it waited");
  }
};

// One call. Only `dropped` is touched by other threads.
class CallsOfJob::Record {
 public:
  explicit Record(std::uint64_t itsNumber) : number(itsNumber) {}

  const std::uint64_t number;
  std::atomic<bool> dropped = false;  // nobody holds it any more
  bool over = false;                  // the job has ended
  std::optional<Request> request;     // until it is sent
  kj::Maybe<kj::Promise<void>> task;  // while it is under way
  // The result, copied: a call whose answer is kept is unfinished to the master.
  std::optional<capnp::MallocMessageBuilder> result;
  std::optional<Failure> failure;

  bool open() const { return !failure && !result; }
  void keep(schema::Value::Reader value) {
    const auto words = std::min(value.totalSize().wordCount + 2, kMostHintWords);
    result.emplace(static_cast<unsigned>(words)).setRoot(value);
  }
  // What belongs to the loop.
  void release() {
    request.reset();
    task = nullptr;
  }
};

class CallsOfJob::Handle final : public NestedCall {
 public:
  Handle(CallsOfJob& calls, std::shared_ptr<Record> record)
      : calls_(calls),
        thread_(std::this_thread::get_id()),
        abandoned_(calls.abandoned_),
        record_(std::move(record)) {}
  ~Handle() override {
    if (inForkedChild()) return;
    if (std::this_thread::get_id() != thread_) {
      record_->dropped.store(true, std::memory_order_relaxed);
      abandoned_->store(true, std::memory_order_release);
    } else if (!record_->over) {
      calls_.drop(*record_);
    }
  }

  ValueReader result() override {
    return readerOf(record_->result->getRoot<schema::Value>().asReader());
  }
  const std::shared_ptr<Record>& record() const { return record_; }

 private:
  CallsOfJob& calls_;  // gone when the record is over
  const std::thread::id thread_;
  const std::shared_ptr<std::atomic<bool>> abandoned_;
  const std::shared_ptr<Record> record_;
};

// What the program exports, for as long as the job runs.
class CallsOfJob::Object final : public capnp::Capability::Server {
 public:
  Object(std::shared_ptr<bool> over, capnp::Capability::Client object)
      : over_(std::move(over)), object_(kj::mv(object)) {}

  DispatchCallResult dispatchCall(
      std::uint64_t interfaceId, std::uint16_t method,
      capnp::CallContext<capnp::AnyPointer, capnp::AnyPointer> context) override {
    if (*over_) {
      return {KJ_EXCEPTION(FAILED, "the job that got this parent from currentJob() has ended"),
              false};
    }
    const auto params = context.getParams();
    auto request = object_.typelessRequest(interfaceId, method, params.targetSize());
    request.set(params);
    context.releaseParams();
    context.allowCancellation();
    return {context.tailCall(kj::mv(request)), false};
  }

 private:
  const std::shared_ptr<bool> over_;
  capnp::Capability::Client object_;
};

CallsOfJob::CallsOfJob(const CurrentJob& job, ParentLink& link) : job_(job), link_(link) {}

CallsOfJob::~CallsOfJob() {
  if (inForkedChild()) {
    // Their promises would speak to the master on the worker's pipe.
    static_cast<void>(new auto(std::move(records_)));
    return;
  }
  *over_ = true;
  for (const auto& [number, record] : records_) {
    record->over = true;
    record->release();
  }
}

void CallsOfJob::requireTopLevel() const {
  if (!link_.bridge().busy()) return;
  throw std::logic_error(
      "a job's call was made inside a callback of the worker's loop: call and wait from the job's "
      "function itself");
}

schema::Parent::Client& CallsOfJob::parent() {
  KJ_IF_MAYBE (parent, link_.parent()) return *parent;
  throw std::logic_error("the master of this worker takes no calls of jobs");
}

std::unique_ptr<NestedCall> CallsOfJob::start(const CalledFunction& function,
                                              const NestedArguments& arguments) {
  requireTopLevel();
  dropAbandoned();
  const std::uint64_t words = kCallWords + arguments.words() +
                              (function.name.size() + function.signature.size()) / sizeof(void*);
  const std::uint64_t bytes = words * sizeof(capnp::word) + kEnvelopeBytes;
  if (bytes > link_.maxMessageBytes()) {
    throw EncodingError("the arguments need about " + std::to_string(bytes) +
                        " bytes; the pool's limit for a message is " +
                        std::to_string(link_.maxMessageBytes()));
  }
  const auto record = std::make_shared<Record>(link_.nextNumber());
  auto request = parent().callRequest(capnp::MessageSize{std::min(words, kMostHintWords), 0});
  auto call = request.initCall();
  call.setJob(job_.id());
  call.setNumber(record->number);
  call.setFunction(kj::str(kj::arrayPtr(function.name.data(), function.name.size())));
  call.setSignature(kj::str(kj::arrayPtr(function.signature.data(), function.signature.size())));
  arguments.write(writerOf(call.initArguments(arguments.count())));
  record->request.emplace(kj::mv(request));
  records_.emplace(record->number, record);
  if (sent_ < kMostSent) {
    send(record);
    push();
  } else {
    unsent_.push_back(record);
  }
  return std::make_unique<Handle>(*this, record);
}

void CallsOfJob::send(const std::shared_ptr<Record>& record) {
  auto request = kj::mv(*record->request);
  record->request.reset();
  ++sent_;
  Record* const own = record.get();  // which keeps the promise, and so outlives it
  record->task = request.send()
                     .then(
                         [this, own](Answer&& answer) {
                           if (answer.getResult().isFailure()) {
                             own->failure = readReport(answer.getResult().getFailure());
                           } else {
                             own->keep(answer.getResult().getValue());
                           }
                           ended();
                         },
                         [this, own](kj::Exception&& exception) {
                           own->failure = Failure(ParentGone(parentGone(exception)));
                           ended();
                         })
                     .eagerlyEvaluate(nullptr);
}

void CallsOfJob::ended() {
  --sent_;
  sendNext();
}

void CallsOfJob::sendNext() {
  while (sent_ < kMostSent && !unsent_.empty()) {
    const auto record = std::move(unsent_.front());
    unsent_.pop_front();
    if (record->request) send(record);
  }
}

// Gives the call up, unless it has ended.
void CallsOfJob::drop(Record& record) {
  const bool underWay = record.task != nullptr && record.open();
  record.release();
  records_.erase(record.number);
  if (!underWay) return;
  ended();
  push();
}

// Those whose handles were destroyed on other threads.
void CallsOfJob::dropAbandoned() {
  if (!abandoned_->exchange(false, std::memory_order_acquire)) return;
  std::vector<std::shared_ptr<Record>> dropped;
  for (const auto& [number, record] : records_) {
    if (record->dropped.load(std::memory_order_relaxed)) dropped.push_back(record);
  }
  for (const auto& record : dropped) drop(*record);
}

// What has been said goes out, and not only when the job waits. The code that drops a call may be
// called by the loop, which sends it then.
void CallsOfJob::push() {
  if (!link_.bridge().busy()) link_.bridge().runQueue();
}

std::shared_ptr<CallsOfJob::Record> CallsOfJob::recordOf(const NestedCall& call) const {
  const auto& record = static_cast<const Handle&>(call).record();
  const auto found = records_.find(record->number);
  if (found != records_.end() && found->second == record) return record;
  throw std::logic_error("Call::get() was called after the end of the job that made the call");
}

bool CallsOfJob::anyOpen(std::span<const std::shared_ptr<Record>> records) const {
  bool open = false;
  for (const auto& record : records) {
    if (record->failure) record->failure->rethrow();
    open = open || record->open();
  }
  return open;
}

void CallsOfJob::await(std::span<NestedCall* const> calls) {
  requireTopLevel();
  dropAbandoned();
  std::vector<std::shared_ptr<Record>> records;
  records.reserve(calls.size());
  for (const auto* const call : calls) records.push_back(recordOf(*call));
  while (anyOpen(records)) waitInLoop(askToWait(records));
}

// What code that the loop calls throws would be a kj::Exception after the wait: so it throws
// nothing, and returns why the wait is over.
kj::Promise<kj::Maybe<CallsOfJob::WaitOver>> CallsOfJob::askToWait(
    std::span<const std::shared_ptr<Record>> records) {
  using Why = WaitOver::Why;
  using Reason = schema::WaitEnd::Reason;
  if (job_.cancelled()) throw CancelledError("the job was cancelled before it waited");
  auto request = parent().awaitRequest();
  request.setJob(job_.id());
  std::vector<std::uint64_t> sent;
  for (const auto& record : records) {
    if (record->open() && !record->request) sent.push_back(record->number);
  }
  auto calls = request.initCalls(static_cast<unsigned>(sent.size()));
  for (unsigned i = 0; i < calls.size(); ++i) calls.set(i, sent[i]);
  return request.send().then(
      [](auto&& answer) -> kj::Maybe<WaitOver> {
        const schema::WaitEnd::Reader end = answer.getEnd();
        if (end.getReason() == Reason::ANSWERED) return nullptr;
        const bool tooMany = end.getReason() == Reason::TOO_MANY;
        return WaitOver{tooMany ? Why::tooMany : Why::cancelled, end.getText().cStr()};
      },
      [](kj::Exception&& exception) -> kj::Maybe<WaitOver> {
        return WaitOver{Why::gone, parentGone(exception)};
      });
}

void CallsOfJob::waitInLoop(kj::Promise<kj::Maybe<WaitOver>> promise) {
  kj::Maybe<WaitOver> over;
  {
    const LoopBridge::WaitsHere waits(link_.bridge());
    over = promise.wait(link_.bridge().waitScope());
  }
  KJ_IF_MAYBE (end, over) end->raise();
}

capnp::Capability::Client CallsOfJob::object(std::uint64_t interfaceId) {
  requireTopLevel();
  KJ_IF_MAYBE (exported, link_.exported()) {
    if (link_.exports(interfaceId)) return kj::heap<Object>(over_, *exported);
    throw NoSuchInterface(
        "the master exports another interface than the one that the job asked for: see "
        "PoolOptions::parent");
  }
  throw NoSuchInterface("the master exports no interface to its jobs: see PoolOptions::parent");
}

void CallsOfJob::waitFor(kj::Promise<void> promise) {
  requireTopLevel();
  try {
    waitInLoop(
        promise.then([]() -> kj::Maybe<WaitOver> { return nullptr; }).exclusiveJoin(askToWait({})));
  } catch (const kj::Exception& exception) {
    if (exception.getType() == kj::Exception::Type::DISCONNECTED) {
      throw ParentGone(parentGone(exception));
    }
    throw withoutPrefix(exception);
  }
}

}  // namespace phial::inline v1::detail
