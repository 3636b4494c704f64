#include "number.h"

#include <charconv>
#include <system_error>

namespace {

// As the client sent it, but never a page of it.
std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string shown(text.substr(0, kLongest));
  if (text.size() > kLongest) shown += "...";
  return "\"" + shown + "\"";
}

}  // namespace

std::variant<std::uint64_t, BadNumber> parseNumber(std::string_view text) {
  if (text.empty()) return BadNumber{"the number is missing: ask for something like /isprime/17"};
  if (text.front() == '-' || text.front() == '+') {
    return BadNumber{quoted(text) + " has a sign: give digits alone"};
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return BadNumber{quoted(text) + " is not a number"};
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (!rest.empty()) return BadNumber{quoted(rest) + " follows the number"};
  if (error == std::errc::result_out_of_range) {
    return BadNumber{quoted(text) + " is too large: at most 18446744073709551615 (64 bits)"};
  }
  return number;
}
