#include "servers.h"

#include <fcntl.h>
#include <phial/worker.h>
#include <phial/worker/interface.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>

#include "studio.capnp.h"

namespace phial {
namespace {

// Returns when the writer has closed the FIFO.
void waitAt(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  char byte;
  while (::read(fd, &byte, 1) > 0) {
  }
  ::close(fd);
}

class CounterServer final : public studio::Counter::Server {
 public:
  explicit CounterServer(int start) : next_(start) {}

  kj::Promise<void> next(NextContext context) override {
    auto results = context.getResults();
    results.setValue(next_++);
    results.setPid(::getpid());
    return kj::READY_NOW;
  }
  kj::Promise<void> fork(ForkContext context) override {
    context.getResults().setCounter(kj::heap<CounterServer>(next_));
    return kj::READY_NOW;
  }
  kj::Promise<void> crash(CrashContext) override {
    ::raise(SIGSEGV);
    return kj::READY_NOW;
  }
  kj::Promise<void> waitFor(WaitForContext context) override {
    waitAt(context.getParams().getPath().cStr());
    return kj::READY_NOW;
  }

 private:
  int next_;
};

class PainterServer final : public studio::Painter::Server {
 public:
  kj::Promise<void> add(AddContext context) override {
    const auto params = context.getParams();
    context.getResults().setSum(params.getA() + params.getB());
    return kj::READY_NOW;
  }
  kj::Promise<void> whoAmI(WhoAmIContext context) override {
    auto results = context.getResults();
    results.setPid(::getpid());
    results.setJob(currentJob().id());
    results.setLabel(std::string(currentJob().label()).c_str());
    return kj::READY_NOW;
  }
  kj::Promise<void> echo(EchoContext context) override {
    context.getResults().setBytes(context.getParams().getBytes());
    return kj::READY_NOW;
  }
  kj::Promise<void> fail(FailContext context) override {
    const std::string how = context.getParams().getHow().cStr();
    if (how == "runtime") throw std::out_of_range("no such colour");
    if (how == "kj") KJ_FAIL_REQUIRE("the easel is broken");
    if (how == "overloaded") {
      kj::throwFatalException(KJ_EXCEPTION(OVERLOADED, "too many painters"));
    }
    if (how == "later") {
      return kj::evalLater([]() -> void { KJ_FAIL_REQUIRE("it fell later"); });
    }
    ::raise(SIGSEGV);
    return kj::READY_NOW;
  }
  kj::Promise<void> waitFor(WaitForContext context) override {
    waitAt(context.getParams().getPath().cStr());
    return kj::READY_NOW;
  }
  kj::Promise<void> heed(HeedContext context) override {
    ::close(::open(context.getParams().getPath().cStr(), O_WRONLY | O_CLOEXEC));
    while (!currentJob().cancelled()) std::this_thread::yield();
    context.getResults().setCancelled(true);
    return kj::READY_NOW;
  }
  kj::Promise<void> later(LaterContext context) override {
    const auto value = context.getParams().getMilliseconds();
    return kj::evalLater([] {})
        .then([] { return kj::evalLater([] {}); })
        .then([context, value]() mutable { context.getResults().setValue(value); });
  }
  kj::Promise<void> openCounter(OpenCounterContext context) override {
    context.getResults().setCounter(
        objects_.add(kj::heap<CounterServer>(context.getParams().getStart())));
    return kj::READY_NOW;
  }
  kj::Promise<void> callBack(CallBackContext context) override {
    return callFrom(1, context.getParams().getTimes(), context.getParams().getCallback(), 0)
        .then([context](int sum) mutable { context.getResults().setSum(sum); });
  }
  kj::Promise<void> keep(KeepContext context) override {
    kept_ = context.getParams().getCallback();
    return kj::READY_NOW;
  }
  kj::Promise<void> callKept(CallKeptContext context) override {
    auto request = KJ_REQUIRE_NONNULL(kept_).callRequest();
    request.setValue(context.getParams().getValue());
    return request.send().then(
        [context](auto&& response) mutable { context.getResults().setValue(response.getValue()); });
  }
  kj::Promise<void> progress(ProgressContext context) override {
    currentJob().progress(0.5, "half");
    waitAt(context.getParams().getPath().cStr());
    return kj::READY_NOW;
  }
  kj::Promise<void> same(SameContext context) override {
    auto counter = context.getParams().getCounter();
    return objects_.getLocalServer(counter).then(
        [context](kj::Maybe<studio::Counter::Server&> object) mutable {
          context.getResults().setSame(object != nullptr);
        });
  }
  kj::Promise<void> read(ReadContext context) override {
    return context.getParams().getCounter().nextRequest().send().then(
        [context](auto&& response) mutable {
          auto results = context.getResults();
          results.setValue(response.getValue());
          results.setPid(::getpid());
        });
  }
  kj::Promise<void> paint(PaintContext context) override {
    const auto width = context.getParams().getWidth();
    auto pixels = context.getResults().initPixels(width);
    for (unsigned i = 0; i < width; ++i) pixels.set(i, static_cast<std::uint8_t>(i));
    return kj::READY_NOW;
  }

 private:
  static kj::Promise<int> callFrom(int next, int last, studio::Callback::Client callback, int sum) {
    if (next > last) return sum;
    auto request = callback.callRequest();
    request.setValue(next);
    return request.send().then([=](auto&& response) mutable {
      return callFrom(next + 1, last, callback, sum + response.getValue());
    });
  }

  capnp::CapabilityServerSet<studio::Counter> objects_;
  kj::Maybe<studio::Callback::Client> kept_;
};

class TextBox final : public studio::Box<capnp::Text>::Server {
 public:
  kj::Promise<void> put(PutContext context) override {
    context.getResults().setPrevious(last_.c_str());
    last_ = context.getParams().getValue().cStr();
    return kj::READY_NOW;
  }

 private:
  std::string last_ = "nothing";
};

}  // namespace

void exportAll(Worker& worker) {
  exportInterface(worker, kj::heap<PainterServer>());
  exportInterface(worker, kj::heap<TextBox>());
}

}  // namespace phial
