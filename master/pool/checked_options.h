// Checks the options of a pool once, when the pool is made, so that no part meets a value that
// cannot be meant.
#pragma once

#include <phial/master/pool_options.h>

#include <cstddef>

namespace phial::inline v1::detail {

/// Returns `options` with `max` filled in: as many workers as this process may use cores, and at
/// least `min`. Throws std::invalid_argument that names the wrong field.
PoolOptions checkedOptions(PoolOptions options);

/// Checks the arguments of ProcessPool::adjustPoolSize(). Throws std::invalid_argument.
void checkAdjustedSize(std::size_t min, std::size_t max);

}  // namespace phial::inline v1::detail
