#include <phial/master/pool.h>
#include <phial/master/stop_on_signals.h>

#include <memory>
#include <utility>

namespace phial::inline v1 {

SignalWatch stopOnSignals(Reactor& reactor, Pool& pool, StopOptions options,
                          std::initializer_list<int> signals) {
  const auto begun = std::make_shared<bool>(false);  // lives as long as the SignalWatch
  return SignalWatch(reactor, signals, [&reactor, &pool, options, begun] {
    if (std::exchange(*begun, true)) {
      pool.stop({.within = Duration::zero()});
      return;
    }
    pool.stop(options).addBoth([&reactor, kept = std::weak_ptr(begun)](const Outcome<void>&) {
      if (!kept.expired()) reactor.stop();
    });
  });
}

}  // namespace phial::inline v1
