// What a worker has written of where it was when it ended.
#pragma once

#include <phial/protocol/control_page.h>

#include <string>
#include <vector>

namespace phial::inline v1::detail {

/// Its lines, with the names of functions made readable. The memory is the worker's to write, so
/// that it may hold anything: what cannot be printed is replaced, and the size is bounded.
std::vector<std::string> readTrace(const TraceMemory& memory);

}  // namespace phial::inline v1::detail
