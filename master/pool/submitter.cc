#include <phial/master/detail/runner.h>
#include <phial/master/submitter.h>

#include <phial/master/detail/co_await_safety.h>
#include <boost/pfr/core.hpp>
#include <type_traits>
#include <utility>

#include "master/pool/argument_rules.h"

namespace phial::inline v1 {
namespace detail {

Job::Ticket newTicket(Runner& runner) { return runner.newTicket(); }
void submitJob(Runner& runner, Ref<Job> job) { runner.submit(std::move(job)); }
void refuseJob(Runner& runner, Ref<Job> job, Failure reason) {
  runner.refuse(std::move(job), argumentFailure(std::move(reason)));
}
std::shared_ptr<std::byte> takeMemory(Runner& runner, std::size_t bytes) {
  return runner.takeMemory(bytes);
}

}  // namespace detail

static_assert(detail::kSafeInCoAwait<JobOptions> && detail::kSafeInCoAwait<MapOptions> &&
              detail::kSafeInCoAwait<StopOptions>);

namespace {

template <class Options>
void override(Options& earlier, Options& later);

// A field counts as set when it holds something or, where it always does, not its default.
template <class Field>
void overrideField(Field& earlier, Field& later, const Field& byDefault) {
  if constexpr (std::is_aggregate_v<Field>) {
    override(earlier, later);
  } else if constexpr (std::is_class_v<Field>) {
    if (later) earlier = std::move(later);
  } else {
    if (later != byDefault) earlier = later;
  }
}

template <class Options>
void override(Options& earlier, Options& later) {
  Options byDefault;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (overrideField(boost::pfr::get<I>(earlier), boost::pfr::get<I>(later),
                   boost::pfr::get<I>(byDefault)),
     ...);
  }(std::make_index_sequence<boost::pfr::tuple_size_v<Options>>());
}

}  // namespace

Submitter Submitter::with(JobOptions options) const {
  return with(MapOptions{.job = std::move(options)});
}

Submitter Submitter::with(MapOptions options) const {
  MapOptions all = options_ ? options_->value : MapOptions();
  override(all, options);
  Submitter handle(*this);
  handle.options_ = Options(new detail::CallOptions(std::move(all)));
  return handle;
}

}  // namespace phial::inline v1
