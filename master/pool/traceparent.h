// What JobOptions::trace may hold: https://www.w3.org/TR/trace-context/#traceparent-header
#pragma once

#include <string_view>

namespace phial::inline v1::detail {

/// True for a traceparent of version 00, and for one of a later version as far as version 00 says
/// what it must look like.
bool isTraceparent(std::string_view text);

}  // namespace phial::inline v1::detail
