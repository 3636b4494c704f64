#include "master/cli/literal.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace phial::cli {
namespace {

using nlohmann::json;

constexpr int kDeepest = 32;

Literal literalOf(const json& value, int depth = 1) {
  switch (value.type()) {
    case json::value_t::null:
      return {};
    case json::value_t::boolean:
      return {value.get<bool>()};
    case json::value_t::number_integer:
      return {value.get<std::int64_t>()};
    case json::value_t::number_unsigned:
      return {value.get<std::uint64_t>()};
    case json::value_t::number_float:
      return {value.get<double>()};
    case json::value_t::string:
      return {value.get<std::string>()};
    case json::value_t::array: {
      if (depth > kDeepest) throw std::invalid_argument("lists nest too deep");
      Literal::List list;
      for (const json& element : value) list.push_back(literalOf(element, depth + 1));
      return {std::move(list)};
    }
    case json::value_t::object:
    case json::value_t::binary:
    case json::value_t::discarded:
      break;
  }
  throw std::invalid_argument("an object is no argument: " + value.dump());
}

// Without the library's own heading, "[json.exception.parse_error.101] ".
std::string complaint(const json::exception& error) {
  const std::string text = error.what();
  return text.substr(text.find("] ") + 2);
}

}  // namespace

Literal::List parseList(std::string_view text) {
  try {
    const json value = json::parse(text);
    if (value.is_array()) return std::get<Literal::List>(literalOf(value).value);
  } catch (const json::exception& error) {
    throw std::invalid_argument(complaint(error));
  }
  throw std::invalid_argument("expected a list, such as [7, \"seven\"]");
}

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
