// The pools that a Metrics counts, and the routes on which it answers.
#pragma once

#include <phial/service/metrics.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "master/service/loop_lag.h"
#include "master/service/watched_pool.h"

struct evhttp_request;

namespace phial::inline v1 {

class Metrics::Registry {
 public:
  Registry(Clock& clock, const MetricsOptions& options);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  void add(std::string name, Pool& pool);
  std::string text() const;
  void addRoute(evhttp& http, const std::string& path);
  void removeRoutes(evhttp& http);

 private:
  struct Entry {
    std::shared_ptr<detail::WatchedPool> pool;
    Observation observation;
    std::uint64_t number = 0;  // which add() it was
  };

  void forgetEnded();
  void answer(evhttp_request& request) const;

  Clock& clock_;
  const MetricsOptions options_;
  detail::LoopLag lag_;
  std::map<std::string, Entry> pools_;  // by the label's text
  std::uint64_t added_ = 0;
  std::vector<std::pair<evhttp*, std::string>> routes_;
};

}  // namespace phial::inline v1
