#include "master/cli/literal.h"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <system_error>

namespace phial::cli {
namespace {

constexpr int kDeepest = 32;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Literal::List whole() {
    skipBlanks();
    if (!take('[')) fail("expected a list, such as [7, \"seven\"]");
    auto list = restOfList();
    skipBlanks();
    if (at_ != text_.size()) fail("there is more behind the list");
    return list;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::invalid_argument(what + " (at character " + std::to_string(at_ + 1) + ")");
  }

  void skipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool takeWord(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Literal::List restOfList() {
    if (++depth_ > kDeepest) fail("lists nest too deep");
    Literal::List list;
    skipBlanks();
    if (!take(']')) {
      do list.push_back(value());
      while (take(','));
      if (!take(']')) fail("expected , or ]");
    }
    --depth_;
    return list;
  }

  Literal value() {
    skipBlanks();
    Literal literal = bareValue();
    skipBlanks();
    return literal;
  }

  Literal bareValue() {
    if (take('[')) return {restOfList()};
    if (take('"')) return {restOfString()};
    if (takeWord("true")) return {true};
    if (takeWord("false")) return {false};
    if (takeWord("null")) return {};
    if (auto whole = number<std::int64_t>()) return {*whole};
    if (auto large = number<std::uint64_t>()) return {*large};
    if (auto fraction = number<double>()) return {*fraction};
    fail("expected a number, a \"string\", true, false, null or a [list]");
  }

  // The number that stands here if all of it is a T.
  template <class T>
  std::optional<T> number() {
    const char* const begin = text_.data() + at_;
    const char* const end =
        text_.data() + std::min(text_.find_first_of(", \t]", at_), text_.size());
    T result{};
    const auto [stop, error] = std::from_chars(begin, end, result);
    if (error != std::errc() || stop != end || begin == end) return std::nullopt;
    at_ += static_cast<std::size_t>(end - begin);
    return result;
  }

  std::string restOfString() {
    std::string string;
    while (!take('"')) {
      if (at_ == text_.size()) fail("a string has no end");
      string += text_[at_] == '\\' ? escaped() : text_[at_];
      ++at_;
    }
    return string;
  }

  char escaped() {
    constexpr std::string_view kLetters = "\"\\/nt";
    constexpr std::string_view kMeanings = "\"\\/\n\t";
    ++at_;
    const auto which = at_ < text_.size() ? kLetters.find(text_[at_]) : std::string_view::npos;
    if (which == std::string_view::npos) fail("after \\ there may be one of \" \\ / n t");
    return kMeanings[which];
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

Literal::List parseList(std::string_view text) { return Parser(text).whole(); }

}  // namespace phial::cli

namespace phial {

std::uint64_t Codec<cli::Literal>::words(const cli::Literal& literal) {
  return std::visit([](const auto& value) { return encodedWords(value); }, literal.value);
}

void Codec<cli::Literal>::encode(const cli::Literal& literal, schema::Value::Builder builder) {
  std::visit([&](const auto& value) { phial::encode(value, builder); }, literal.value);
}

cli::Literal Codec<cli::Literal>::decode(schema::Value::Reader) {
  throw EncodingError("a literal is written, never read");
}

}  // namespace phial
