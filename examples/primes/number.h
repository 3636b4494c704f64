// The number in a request, or what is wrong with it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

struct BadNumber {
  std::string reason;  ///< one line for the client
};

/// Reads decimal digits and nothing else.
std::variant<std::uint64_t, BadNumber> parseNumber(std::string_view text);
