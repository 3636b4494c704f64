#include <phial/master/detail/runner.h>
#include <phial/master/pool.h>

#include <stdexcept>
#include <utility>

namespace phial::inline v1 {
namespace {

using detail::Runner;

// The pool's own destructor calls the last callbacks, which may call the pool.
Deferred<void> entering(Runner& runner, const char* call, auto&& act) {
  if (auto refusal = runner.enter(call)) return fail<void>(std::move(*refusal));
  return act();
}

}  // namespace

Pool::Pool(std::shared_ptr<Runner> runner)
    : Submitter(std::make_shared<detail::PoolLink>(std::move(runner))) {}

void Pool::end() noexcept { link().runner = nullptr; }

Deferred<void> Pool::start() {
  Runner& runner = *link().runner;
  return entering(runner, "Pool::start", [&] { return runner.start(); });
}

Deferred<void> Pool::stop(StopOptions options) {
  Runner& runner = *link().runner;
  return entering(runner, "Pool::stop", [&] { return runner.stop(options); });
}

Deferred<void> Pool::whenBelow(std::size_t jobs) {
  Runner& runner = *link().runner;
  return entering(runner, "Pool::whenBelow", [&] { return runner.whenBelow(jobs); });
}

PoolStats Pool::stats() const {
  static_cast<void>(link().runner->enter("Pool::stats"));
  return link().runner->stats();
}

Observation Pool::observe(std::shared_ptr<PoolObserver> observer) {
  if (const auto refusal = link().runner->enter("Pool::observe")) {
    throw std::logic_error(refusal->message());
  }
  if (!observer) throw std::invalid_argument("observe: the observer is null");
  return link().runner->observe(std::move(observer));
}

Clock& Pool::clock() const { return link().runner->clock(); }

}  // namespace phial::inline v1
