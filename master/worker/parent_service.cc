#include "master/worker/parent_service.h"

#include <phial/protocol/error.h>
#include <phial/protocol/failure_report.h>

#include <deque>
#include <utility>

#include "master/worker/conversation_rules.h"

namespace phial::inline v1::detail {
namespace {

// Longer ones are nobody's.
constexpr std::size_t kMostNameBytes = 4096;

std::string text(capnp::Text::Reader reader) { return {reader.begin(), reader.size()}; }

schema::WaitEnd::Reason reasonOf(JobWaitEnd end) {
  using Reason = schema::WaitEnd::Reason;
  if (end == JobWaitEnd::answered) return Reason::ANSWERED;
  return end == JobWaitEnd::tooMany ? Reason::TOO_MANY : Reason::CANCELLED;
}

}  // namespace

struct ParentService::State {
  explicit State(std::function<void()> news) : onNews(std::move(news)) {}

  struct Wait {
    std::uint64_t serial;
    JobWait of;
    kj::Own<kj::PromiseFulfiller<void>> done;
    schema::WaitEnd::Builder end;
  };

  void tell() {
    if (onNews) onNews();
  }

  std::function<void()> onNews;             // null after the end
  std::deque<std::shared_ptr<Call>> calls;  // not taken yet
  std::vector<Gone> gone;
  std::uint64_t lastWait = 0;
  std::optional<Wait> wait;
  bool waitChanged = false;
};

class ParentService::Call final : public ChildCall {
 public:
  using Context = capnp::CallContext<schema::Parent::CallParams, schema::Parent::CallResults>;

  Call(Context context, kj::Own<kj::PromiseFulfiller<void>> done)
      : context_(context), done_(kj::mv(done)) {
    const auto call = context.getParams().getCall();
    KJ_REQUIRE(
        call.getFunction().size() <= kMostNameBytes && call.getSignature().size() <= kMostNameBytes,
        "the name of a function is too long");
    job = call.getJob();
    number = call.getNumber();
    function = text(call.getFunction());
    signature = text(call.getSignature());
  }

  // Also where that of a fulfiller may throw, by its declaration.
  ~Call() noexcept override = default;

  bool wanted() const override { return context_.has_value(); }
  capnp::List<schema::Value>::Reader arguments() const override {
    auto context = *context_;
    return context.getParams().getCall().getArguments();
  }
  void keepResult(schema::Value::Reader result) override {
    if (context_) context_->getResults().initResult().setValue(result);
  }
  void succeed() override { answer(); }
  void fail(const Failure& failure) override {
    if (!context_) return;
    writeReport(failure, context_->getResults().initResult().initFailure());
    answer();
  }

  bool taken = false;
  // The message is gone, by the worker's will or with its answer.
  void end() { context_.reset(); }

 private:
  void answer() {
    if (!context_) return;
    end();
    done_->fulfill();
  }

  std::optional<Context> context_;
  kj::Own<kj::PromiseFulfiller<void>> done_;
};

// Goes with the promise of a call: when it has been answered, or is not wanted any more.
class ParentService::CallEnd {
 public:
  CallEnd(std::shared_ptr<State> state, std::shared_ptr<Call> call)
      : state_(std::move(state)), call_(std::move(call)) {}
  CallEnd(CallEnd&&) = default;
  CallEnd& operator=(CallEnd&&) = delete;
  ~CallEnd() {
    if (!call_ || !call_->wanted()) return;
    call_->end();
    if (call_->taken) {
      state_->gone.push_back({call_->job, call_->number});
      state_->tell();
    } else {
      std::erase(state_->calls, call_);
    }
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Call> call_;
};

class ParentService::WaitsEnd {
 public:
  WaitsEnd(std::shared_ptr<State> state, std::uint64_t serial)
      : state_(std::move(state)), serial_(serial) {}
  WaitsEnd(WaitsEnd&&) = default;
  WaitsEnd& operator=(WaitsEnd&&) = delete;
  ~WaitsEnd() {
    // It goes some turns after its answer: the next wait may be here.
    if (!state_ || !state_->wait || state_->wait->serial != serial_) return;
    state_->wait.reset();
    state_->waitChanged = true;
    state_->tell();
  }

 private:
  std::shared_ptr<State> state_;
  std::uint64_t serial_;
};

class ParentService::Server final : public schema::Parent::Server {
 public:
  explicit Server(std::shared_ptr<State> state) : state_(std::move(state)) {}

  kj::Promise<void> call(CallContext context) override {
    context.allowCancellation();
    auto paf = kj::newPromiseAndFulfiller<void>();
    auto call = std::make_shared<Call>(context, kj::mv(paf.fulfiller));
    state_->calls.push_back(call);
    state_->tell();
    return paf.promise.attach(CallEnd(state_, std::move(call)));
  }

  // One that waits twice does not get to know what it is.
  kj::Promise<void> await(AwaitContext context) override {
    context.allowCancellation();
    const auto params = context.getParams();
    KJ_REQUIRE(params.getCalls().size() <= ConversationRules::kMostCalls,
               "a job waits for more calls than a worker may have");
    auto end = context.getResults().initEnd();
    if (state_->wait) {
      end.setReason(schema::WaitEnd::Reason::CANCELLED);
      return kj::READY_NOW;
    }
    JobWait wait{params.getJob(), {}};
    for (const std::uint64_t call : params.getCalls()) wait.calls.push_back(call);
    auto paf = kj::newPromiseAndFulfiller<void>();
    state_->wait.emplace(
        State::Wait{++state_->lastWait, std::move(wait), kj::mv(paf.fulfiller), end});
    state_->waitChanged = true;
    state_->tell();
    return paf.promise.attach(WaitsEnd(state_, state_->lastWait));
  }

 private:
  const std::shared_ptr<State> state_;
};

ParentService::ParentService(std::function<void()> onNews)
    : state_(std::make_shared<State>(std::move(onNews))) {}

ParentService::~ParentService() { state_->onNews = nullptr; }

schema::Parent::Client ParentService::client() { return kj::heap<Server>(state_); }

std::shared_ptr<ChildCall> ParentService::takeCall() {
  if (state_->calls.empty()) return nullptr;
  auto call = std::move(state_->calls.front());
  state_->calls.pop_front();
  call->taken = true;
  return call;
}

std::vector<ParentService::Gone> ParentService::takeGone() {
  return std::exchange(state_->gone, {});
}

bool ParentService::waitChanged() { return std::exchange(state_->waitChanged, false); }

const JobWait* ParentService::wait() const { return state_->wait ? &state_->wait->of : nullptr; }

void ParentService::endWait(JobWaitEnd end, const std::string& text) {
  if (!state_->wait) return;
  auto wait = std::move(*state_->wait);
  state_->wait.reset();
  wait.end.setReason(reasonOf(end));
  if (!text.empty()) wait.end.setText(text.c_str());
  wait.done->fulfill();
}

}  // namespace phial::inline v1::detail
