#include "master/service/text_format.h"

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kMostText = 256;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool follows(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// The length of the UTF-8 character that `text` begins with; 0: it begins with none. Overlong forms
// and surrogates are none.
std::size_t characterLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : (first & 0xF0) == 0xE0         ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!follows(byte(i))) return 0;
  }
  const unsigned char second = byte(1);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

void appendEscaped(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      to += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') to += '\\';
    to += c;
  }
}

}  // namespace

std::string validText(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::size_t length = characterLength(text);
    const std::string_view next = length > 0 ? text.substr(0, length) : kReplacement;
    if (valid.size() + next.size() > kMostText) break;
    valid += next;
    text.remove_prefix(length > 0 ? length : 1);
  }
  return valid;
}

std::string secondsOf(Duration duration) {
  constexpr std::size_t kDigits = 9;
  std::string fraction = std::to_string(duration.count() % 1'000'000'000);
  fraction.insert(0, kDigits - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  const std::string whole = std::to_string(duration.count() / 1'000'000'000);
  return fraction.empty() ? whole : whole + "." + fraction;
}

void TextFormat::family(std::string_view name, std::string_view type, std::string_view help) {
  family_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void TextFormat::sample(Labels labels, std::uint64_t value) {
  line("", labels, std::to_string(value));
}

void TextFormat::sample(Labels labels, Duration value) { line("", labels, secondsOf(value)); }

void TextFormat::histogram(std::string_view pool, const Histogram& histogram) {
  constexpr int kFirstBit = 10;  // 1 us
  constexpr int kLastBit = 38;   // 275 s
  for (int bit = kFirstBit; bit <= kLastBit; bit += 2) {
    const Duration most((std::int64_t{1} << bit) - 1);
    line("_bucket", {{"pool", pool}, {"le", secondsOf(most)}},
         std::to_string(histogram.countUpTo(most)));
  }
  const std::string count = std::to_string(histogram.count());
  line("_bucket", {{"pool", pool}, {"le", "+Inf"}}, count);
  line("_sum", {{"pool", pool}}, secondsOf(histogram.sum()));
  line("_count", {{"pool", pool}}, count);
}

void TextFormat::line(std::string_view suffix, Labels labels, std::string_view value) {
  text_.append(family_).append(suffix);
  char before = '{';
  for (const auto& [name, text] : labels) {
    text_.append(1, before).append(name).append("=\"");
    appendEscaped(text_, text);
    text_ += '"';
    before = ',';
  }
  if (labels.size() > 0) text_ += '}';
  text_.append(" ").append(value).append("\n");
}

}  // namespace phial::inline v1::detail
