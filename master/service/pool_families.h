// The metrics of Phial, by name.
#pragma once

#include <phial/master/pool_options.h>

#include <span>
#include <string_view>

#include "master/service/text_format.h"
#include "master/service/watched_pool.h"

namespace phial::inline v1::detail {

/// One pool at the moment of a scrape.
struct PoolNumbers {
  std::string_view name;  // fit for a label
  PoolStats stats;
  const WatchedPool& watched;
};

void writePools(TextFormat& to, std::span<const PoolNumbers> pools, TimePoint now);
/// What concerns all pools of the loop and the program.
void writeProgram(TextFormat& to, Duration lag);

}  // namespace phial::inline v1::detail
