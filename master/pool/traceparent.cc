#include "master/pool/traceparent.h"

#include <algorithm>

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kSize = 55;  // of version 00: 2 + 32 + 16 + 2 digits, three dashes
constexpr std::size_t kMostSize = 512;

// Upper case is not allowed.
bool isDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool isVisible(char c) { return c > ' ' && c <= '~'; }

bool isNumber(std::string_view digits) { return std::ranges::all_of(digits, isDigit); }
bool isId(std::string_view digits) {
  return isNumber(digits) && digits.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool isTraceparent(std::string_view text) {
  if (text.size() < kSize || text.size() > kMostSize) return false;
  const std::string_view version = text.substr(0, 2);
  if (!isNumber(version) || version == "ff") return false;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  if (!isId(text.substr(3, 32)) || !isId(text.substr(36, 16))) return false;
  if (!isNumber(text.substr(53, 2))) return false;
  const std::string_view rest = text.substr(kSize);
  if (rest.empty()) return true;
  return version != "00" && rest[0] == '-' && std::ranges::all_of(rest, isVisible);
}

}  // namespace phial::inline v1::detail
