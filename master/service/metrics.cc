#include <phial/service/metrics.h>

#include <stdexcept>
#include <utility>

#include "master/service/registry.h"

namespace phial::inline v1 {

Metrics::Metrics(Clock& clock, MetricsOptions options)
    : registry_(options.lagInterval > Duration::zero()
                    ? std::make_unique<Registry>(clock, options)
                    : throw std::invalid_argument("MetricsOptions: lagInterval is not above 0")) {}
Metrics::~Metrics() = default;

void Metrics::add(std::string name, Pool& pool) { registry_->add(std::move(name), pool); }
std::string Metrics::text() const { return registry_->text(); }
void Metrics::addRoute(evhttp& http, const std::string& path) { registry_->addRoute(http, path); }
void Metrics::removeRoutes(evhttp& http) { registry_->removeRoutes(http); }

}  // namespace phial::inline v1
