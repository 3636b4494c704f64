#include "master/cli/stress_interface.h"

#include <phial/master/client.h>
#include <phial/master/errors.h>
#include <phial/worker/interface.h>

#include <utility>

#include "master/cli/stress_job.h"
#include "stress.capnp.h"

namespace phial::inline v1::cli {
namespace {

class ChainServer final : public stress::Chain::Server {
 public:
  explicit ChainServer(std::uint64_t seed) : value_(seed) {}

  kj::Promise<void> next(NextContext context) override {
    value_ = scramble(value_);
    context.getResults().setValue(value_);
    return kj::READY_NOW;
  }

 private:
  std::uint64_t value_;
};

class StressServer final : public stress::Stress::Server {
 public:
  kj::Promise<void> scramble(ScrambleContext context) override {
    context.getResults().setValue(cli::scramble(context.getParams().getSeed()));
    return kj::READY_NOW;
  }
  kj::Promise<void> visit(VisitContext context) override {
    auto request = context.getParams().getVisitor().scrambleRequest();
    request.setSeed(context.getParams().getSeed());
    return request.send().then(
        [context](auto&& said) mutable { context.getResults().setValue(said.getValue()); });
  }
  kj::Promise<void> open(OpenContext context) override {
    context.getResults().setChain(kj::heap<ChainServer>(context.getParams().getSeed()));
    return kj::READY_NOW;
  }
};

class VisitorServer final : public stress::Visitor::Server {
 public:
  kj::Promise<void> scramble(ScrambleContext context) override {
    context.getResults().setValue(cli::scramble(context.getParams().getSeed()));
    return kj::READY_NOW;
  }
};

CallEnd endOf(std::uint64_t value, std::uint64_t expected) {
  return value == expected ? CallEnd::right : CallEnd::wrong;
}

// The calls on an object are no jobs. One that fails because the object's worker has died counts
// for the object; any other failure is nobody's fault but the pool's.
CallEnd brokenEnd(kj::Exception&& exception) {
  return failureOf(exception).check<WorkerDied>() ? CallEnd::broken : CallEnd::wrong;
}

kj::Promise<std::uint64_t> lastOf(stress::Chain::Client chain, int calls) {
  auto all = kj::heapArrayBuilder<kj::Promise<std::uint64_t>>(static_cast<std::size_t>(calls));
  for (int i = 0; i < calls; ++i) {
    all.add(chain.nextRequest().send().then([](auto&& answer) { return answer.getValue(); }));
  }
  return kj::joinPromises(all.finish()).then([](auto values) { return values.back(); });
}

}  // namespace

void exportStress(Worker& worker) { exportInterface(worker, kj::heap<StressServer>()); }

Deferred<CallEnd> callScramble(const Submitter& pool, std::uint64_t seed) {
  auto request = client<stress::Stress>(pool).scrambleRequest();
  request.setSeed(seed);
  return fromPromise<CallEnd>(request.send().then(
      [seed](auto&& answer) { return endOf(answer.getValue(), scramble(seed)); }));
}

Deferred<CallEnd> callVisit(const Submitter& pool, std::uint64_t seed) {
  auto request = client<stress::Stress>(pool).visitRequest();
  request.setSeed(seed);
  request.setVisitor(kj::heap<VisitorServer>());
  return fromPromise<CallEnd>(request.send().then(
      [seed](auto&& answer) { return endOf(answer.getValue(), scramble(seed)); }));
}

Deferred<CallEnd> callOpen(const Submitter& pool, std::uint64_t seed) {
  constexpr int kCalls = 3;
  auto request = client<stress::Stress>(pool).openRequest();
  request.setSeed(seed);
  auto opened = request.send();
  auto last = lastOf(opened.getChain(), kCalls)
                  .then(
                      [seed](std::uint64_t value) {
                        return endOf(value, scramble(scramble(scramble(seed))));
                      },
                      brokenEnd)
                  .eagerlyEvaluate(nullptr);
  // Until it has answered, a call that is dropped is cancelled.
  return fromPromise<CallEnd>(
      opened.then([last = kj::mv(last)](auto&&) mutable { return kj::mv(last); }));
}

}  // namespace phial::inline v1::cli
