#include "master/service/json_text.h"

#include <algorithm>
#include <charconv>

#include "master/service/text_format.h"

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kMostPlain = 256;

bool isPlain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

void appendEscaped(std::string& to, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    to += '\\';
    to += c;
  } else if (byte < 0x20 || byte == 0x7F) {
    to += "\\u00";
    to += kDigits[byte >> 4];
    to += kDigits[byte & 15];
  } else {
    to += c;
  }
}

}  // namespace

void appendString(std::string& to, std::string_view text) {
  to += '"';
  if (text.size() <= kMostPlain && std::ranges::all_of(text, isPlain)) {
    to += text;
  } else {
    for (const char c : validText(text)) appendEscaped(to, c);
  }
  to += '"';
}

void appendNumber(std::string& to, std::uint64_t number) {
  char digits[20];
  to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void appendMicroseconds(std::string& to, Duration duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max(duration, Duration::zero()).count());
  appendNumber(to, nanoseconds / 1000);
  const auto rest = static_cast<int>(nanoseconds % 1000);
  const char decimals[] = {'.', static_cast<char>('0' + rest / 100),
                           static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
  to.append(decimals, sizeof decimals);
}

}  // namespace phial::inline v1::detail
