#include <phial/master/lease.h>

#include <utility>

#include "master/pool/lease_record.h"
#include "master/pool/leases.h"

namespace phial::inline v1 {
namespace detail {

void LeaseRecord::release() {
  if (leases_ != nullptr) leases_->release(*this);
}

void LeaseRecord::drop() {
  if (leases_ != nullptr) leases_->drop(*this);
}

Deferred<void> LeaseRecord::whenOver() {
  if (end_) return end_->ok() ? succeed() : fail<void>(end_->failure());
  auto [deferred, resolver] = newDeferred<void>();
  waiters_.push_back(std::move(resolver));
  return std::move(deferred);
}

std::vector<Resolver<void>> LeaseRecord::end(Outcome<void> end) {
  end_ = std::move(end);
  return std::exchange(waiters_, {});
}

}  // namespace detail

Lease::Lease(std::shared_ptr<detail::PoolLink> link, std::shared_ptr<detail::LeaseRecord> record)
    : Submitter(std::move(link)), record_(std::move(record)) {}

std::uint64_t Lease::worker() const { return record_->worker; }
void Lease::release() const { record_->release(); }
bool Lease::over() const { return record_->refusal().has_value(); }
Deferred<void> Lease::whenOver() const { return record_->whenOver(); }

}  // namespace phial::inline v1
