// What the tests of calls to the parent and of jobs that call their pool have.
#pragma once

#include <phial/master/kj_bridge.h>
#include <phial/master/parent.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jobs.h"
#include "registry.capnp.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {

/// What a test's parent has been asked.
struct Asked {
  int added = 0;
  int never = 0;
  std::vector<kj::Own<kj::PromiseFulfiller<void>>> open;  // the calls of never()
  ProcessPool* pool = nullptr;
};

class RegistryImpl final : public registry::Registry::Server {
 public:
  explicit RegistryImpl(Asked& asked) : asked_(asked) {}

  kj::Promise<void> name(NameContext context) override {
    context.getResults().setName("registry");
    return kj::READY_NOW;
  }
  kj::Promise<void> add(AddContext context) override {
    ++asked_.added;
    context.getResults().setSum(context.getParams().getA() + context.getParams().getB());
    return kj::READY_NOW;
  }
  kj::Promise<void> fail(FailContext context) override {
    throw std::runtime_error(context.getParams().getText().cStr());
  }
  kj::Promise<void> never(NeverContext context) override {
    context.allowCancellation();
    ++asked_.never;
    auto paf = kj::newPromiseAndFulfiller<void>();
    asked_.open.push_back(kj::mv(paf.fulfiller));
    return kj::mv(paf.promise);
  }
  kj::Promise<void> runJob(RunJobContext context) override {
    return toPromise(asked_.pool->deferToProcess<nested::twice>(context.getParams().getN())
                         .addCallback([context](int result) mutable {
                           context.getResults().setResult(result);
                         }));
  }

 private:
  Asked& asked_;
};

/// Counts the processes that are alive at once.
class ProcessCount final : public PoolObserver {
 public:
  void workerSpawned(const WorkerStatus&) override { most = std::max(most, ++alive); }
  void workerDied(const DeathCertificate&) override { --alive; }

  std::size_t alive = 0;
  std::size_t most = 0;
};

class NestedTest : public PoolTest {
 protected:
  void TearDown() override {
    asked_.open.clear();
    PoolTest::TearDown();
  }

  /// A pool whose jobs have a parent.
  ProcessPool& makeParent(PoolOptions options = {}) {
    options.parent = exportToJobs(kj::heap<RegistryImpl>(asked_));
    ProcessPool& pool = makePool(std::move(options));
    asked_.pool = &pool;
    return pool;
  }
  WorkerStatus statusOf(std::uint64_t job) const {
    for (const auto& worker : pool_->workers()) {
      if (worker.job == job) return worker;
    }
    return {};
  }
  std::size_t waiting() const { return pool_->stats().waiting; }

  Asked asked_;
};

}  // namespace phial
