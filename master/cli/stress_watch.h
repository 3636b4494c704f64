// What a stress run shows of its pool besides the report: metrics, and a trace.
#pragma once

#include <phial/master/pool.h>
#include <phial/master/reactor.h>

#include <functional>
#include <memory>
#include <string>

namespace phial::inline v1::cli {

class StressWatch {
 public:
  struct Files {
    std::string metrics;  // "-": standard output; empty: none
    std::string trace;    // empty: none
  };

  /// `reactor` is borrowed. `trouble` gets what keeps the trace from being written. Throws Error
  /// when there is anything to do and the command was built without phial::service.
  StressWatch(Reactor& reactor, Files files, std::function<void(const std::string&)> trouble);
  ~StressWatch();
  StressWatch(const StressWatch&) = delete;
  StressWatch& operator=(const StressWatch&) = delete;

  /// Watches `pool` from now on; it may end first.
  void begin(Pool& pool);
  /// Writes the metrics, and fires when the trace is written too. Fails when the metrics cannot be
  /// written.
  Deferred<void> finish();

 private:
  struct Parts;

  const Files files_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace phial::inline v1::cli
