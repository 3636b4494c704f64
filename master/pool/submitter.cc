#include <phial/master/submitter.h>

#include <boost/pfr/core.hpp>
#include <type_traits>
#include <utility>

namespace phial {
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

}  // namespace phial
