#include "master/cli/tally.h"

#include <phial/master/errors.h>

namespace phial::inline v1::cli {
namespace {

constexpr std::size_t kMostCauses = 48;

}  // namespace

std::uint64_t Tally::open() {
  open_.insert(++submitted_);
  return submitted_;
}

bool Tally::close(std::uint64_t job) {
  if (open_.erase(job) == 1) return true;
  ++twice_;
  return false;
}

bool Tally::succeeded(std::uint64_t job) {
  const bool first = close(job);
  if (first) ++succeeded_;
  return first;
}

bool Tally::failed(std::uint64_t job, const Failure& failure) {
  if (!close(job)) return false;
  if (failure.check<CancelledError>()) {
    ++cancelled_;
    return true;
  }
  ++failed_;
  auto cause = causeOf(failure);
  const bool known = causes_.contains(cause);
  ++causes_[known || causes_.size() < kMostCauses ? std::move(cause) : "other"];
  return true;
}

std::string causeOf(const Failure& failure) {
  constexpr std::string_view kOurs = "phial::";
  std::string cause = failure.type();
  if (cause.starts_with(kOurs)) cause.erase(0, kOurs.size());
  if (const auto* death = failure.as<WorkerDied>()) {
    cause += ", " + describe(death->certificate().status);
  }
  return cause;
}

}  // namespace phial::inline v1::cli
