#include <phial/testing.h>

#include <utility>

#include "master/testing/test_pool_core.h"

namespace phial::inline v1::testing {

TestPool::TestPool(Clock& clock, TestPoolOptions options)
    : TestPool(std::make_shared<Core>(clock, options)) {}

TestPool::TestPool(std::shared_ptr<Core> core) : Pool(core), core_(std::move(core)) {}

TestPool::~TestPool() {
  core_->close();
  end();
}

FunctionTable& TestPool::functions() { return core_->functions(); }
std::size_t TestPool::pending() const { return core_->pending(); }
std::vector<PendingJob> TestPool::jobs() const { return core_->jobs(); }

// A callback may destroy this object, so each call holds the core.
bool TestPool::runNext() {
  const auto core = core_;
  core->deliver();
  const bool any = core->runNext();
  core->deliver();
  return any;
}

std::size_t TestPool::runAll() {
  const auto core = core_;
  core->deliver();
  std::size_t count = 0;
  while (core->runNext()) {
    ++count;
    core->deliver();
  }
  return count;
}

void TestPool::succeedNext() {
  answerNext([](ValueWriter to) { to.setVoid(); });
}

void TestPool::emitItem(const std::function<void(ValueWriter)>& write) {
  const auto core = core_;
  core->deliver();
  core->emitNext(write);
  core->deliver();
}

void TestPool::answerNext(const std::function<void(ValueWriter)>& write) {
  const auto core = core_;
  core->deliver();
  core->answerNext(write);
  core->deliver();
}

void TestPool::failNext(Failure failure) {
  const auto core = core_;
  core->deliver();
  core->failNext(std::move(failure));
  core->deliver();
}

void TestPool::killNext(DeathCertificate certificate) {
  const auto core = core_;
  core->deliver();
  core->killNext(std::move(certificate));
  core->deliver();
}

}  // namespace phial::inline v1::testing
