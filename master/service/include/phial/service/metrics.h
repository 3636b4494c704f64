// The counters of pools as Prometheus reads them.
//
//   phial::Metrics metrics(reactor);
//   metrics.add("images", pool);
//   metrics.addRoute(*http);                    // an evhttp of the program's: GET /metrics
//
// master/service/README.md lists the metrics. No label names a worker, a process or a job, so the
// number of series follows the pools and their functions alone. Names of functions may come from
// strangers: after MetricsOptions::maxFunctions different names of a pool all further ones are
// counted together, as function="other".
//
// Life: pools may end before the Metrics and the other way round. The counters of a pool that has
// ended stay, and go on when another pool is added under its name, so no counter ever goes down.
//
// Thread rule: the loop's. All calls may be made inside callbacks, those of an observer included.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/pool.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct evhttp;

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Fields stand in the order in which a designated initializer must name them.
struct MetricsOptions {
  /// How many different functions of a pool get series of their own. Default 100. Price: some 300
  /// bytes a function, and up to nine lines in each scrape.
  std::size_t maxFunctions = 100;

  /// The counters of how many ended pools are kept. Beyond, those of the pool that ended first are
  /// forgotten. Default 16.
  std::size_t maxEndedPools = 16;

  /// How often the lag of the loop is measured. Default 100 ms. Price: a timer of about 2 us.
  Duration lagInterval = std::chrono::milliseconds(100);
};

class Metrics {
 public:
  /// `clock` is the reactor of the pools; in a test it may be a ManualClock. It must outlive this
  /// object. Throws std::invalid_argument for a `lagInterval` that is not above zero.
  explicit Metrics(Clock& clock, MetricsOptions options = {});
  /// Ends all routes and observations. The pools go on.
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Counts what happens in `pool` from now on, under pool="name". Add a pool before its first job:
  /// jobs that have ended before are not counted. The pool may end at any time. Throws
  /// std::invalid_argument when a pool of this name is being counted. Price: about 30 ns a job.
  void add(std::string name, Pool& pool);

  /// All metrics in Prometheus's text format, version 0.0.4. Throws std::logic_error on another
  /// thread than that of a pool. Takes some 20 us for each pool, however many jobs are queued.
  std::string text() const;

  /// Answers GET requests for `path` on `http` with text(). `http` belongs to the caller, runs on
  /// the reactor's event_base, and must live until this object has gone or removeRoutes() has been
  /// called. Who may scrape is the caller's to decide, by the address on which `http` listens.
  /// Throws std::invalid_argument when `http` has a callback for `path` already.
  void addRoute(evhttp& http, const std::string& path = "/metrics");
  /// Removes the routes from `http`. Call it before evhttp_free() if this object lives longer.
  void removeRoutes(evhttp& http);

 private:
  class Registry;

  const std::unique_ptr<Registry> registry_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
