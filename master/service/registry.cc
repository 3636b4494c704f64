#include "master/service/registry.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <phial/protocol/failure.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "master/service/pool_families.h"
#include "master/service/text_format.h"

namespace phial::inline v1 {

Metrics::Registry::Registry(Clock& clock, const MetricsOptions& options)
    : clock_(clock), options_(options), lag_(clock, options.lagInterval) {}

Metrics::Registry::~Registry() {
  for (const auto& [http, path] : routes_) evhttp_del_cb(http, path.c_str());
}

void Metrics::Registry::add(std::string name, Pool& pool) {
  const std::string label = detail::validText(name);
  Entry& entry = pools_[label];
  if (!entry.pool) entry.pool = std::make_shared<detail::WatchedPool>(options_.maxFunctions);
  if (!entry.pool->ended()) {
    throw std::invalid_argument("Metrics::add: a pool \"" + label + "\" is being counted already");
  }
  entry.observation = pool.observe(entry.pool);
  entry.pool->begin(pool);
  entry.number = ++added_;
  forgetEnded();
}

void Metrics::Registry::forgetEnded() {
  for (;;) {
    auto oldest = pools_.end();
    std::size_t ended = 0;
    for (auto entry = pools_.begin(); entry != pools_.end(); ++entry) {
      if (!entry->second.pool->ended()) continue;
      ++ended;
      if (oldest == pools_.end() || entry->second.number < oldest->second.number) oldest = entry;
    }
    if (ended <= options_.maxEndedPools) return;
    pools_.erase(oldest);
  }
}

std::string Metrics::Registry::text() const {
  std::vector<detail::PoolNumbers> numbers;
  for (const auto& [name, entry] : pools_) {
    numbers.push_back({name, entry.pool->stats(), *entry.pool});
  }
  detail::TextFormat text;
  detail::writePools(text, numbers, clock_.now());
  detail::writeProgram(text, lag_.worst());
  return text.take();
}

void Metrics::Registry::addRoute(evhttp& http, const std::string& path) {
  const auto callback = [](evhttp_request* request, void* registry) {
    static_cast<const Registry*>(registry)->answer(*request);
  };
  routes_.emplace_back(&http, path);
  const int status = evhttp_set_cb(&http, path.c_str(), callback, this);
  if (status == 0) return;
  routes_.pop_back();
  if (status == -1) {
    throw std::invalid_argument("Metrics::addRoute: " + path + " has a callback already");
  }
  throw std::bad_alloc();
}

void Metrics::Registry::removeRoutes(evhttp& http) {
  std::erase_if(routes_, [&](const auto& route) {
    if (route.first != &http) return false;
    evhttp_del_cb(&http, route.second.c_str());
    return true;
  });
}

// What it throws must not go through libevent.
void Metrics::Registry::answer(evhttp_request& request) const {
  evkeyvalq* const headers = evhttp_request_get_output_headers(&request);
  const auto method = evhttp_request_get_command(&request);
  if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
    evhttp_add_header(headers, "Allow", "GET, HEAD");
    return evhttp_send_error(&request, HTTP_BADMETHOD, nullptr);
  }
  try {
    const std::string body = text();
    evhttp_add_header(headers, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    evbuffer* const buffer = evhttp_request_get_output_buffer(&request);
    if (evbuffer_add(buffer, body.data(), body.size()) != 0) throw std::bad_alloc();
    evhttp_send_reply(&request, HTTP_OK, "OK", nullptr);
  } catch (...) {
    evhttp_send_error(&request, HTTP_INTERNAL, Failure::current().message().c_str());
  }
}

}  // namespace phial::inline v1
