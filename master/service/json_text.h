// Text of JSON, as the lines of a trace are made of.
#pragma once

#include <phial/master/clock.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace phial::inline v1::detail {

/// Appends a string of JSON with its quotes: escaped, valid UTF-8, and cut at 256 bytes.
void appendString(std::string& to, std::string_view text);
void appendNumber(std::string& to, std::uint64_t number);
/// Appends microseconds with three decimals. `duration` is not negative.
void appendMicroseconds(std::string& to, Duration duration);

}  // namespace phial::inline v1::detail
