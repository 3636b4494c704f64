#include "master/cli/json_values.h"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace phial::inline v1::cli {
namespace {

using nlohmann::json;

constexpr int kDeepest = 32;

AnyValue valueOf(const json& value, int depth = 1) {
  if (value.is_structured() && depth > kDeepest) {
    throw std::invalid_argument("lists nest too deep");
  }
  switch (value.type()) {
    case json::value_t::null:
      return {};
    case json::value_t::boolean:
      return value.get<bool>();
    case json::value_t::number_integer:
      return value.get<std::int64_t>();
    case json::value_t::number_unsigned:
      return value.get<std::uint64_t>();
    case json::value_t::number_float:
      return value.get<double>();
    case json::value_t::string:
      return value.get<std::string>();
    case json::value_t::array: {
      AnyValue::List list;
      for (const json& element : value) list.push_back(valueOf(element, depth + 1));
      return list;
    }
    case json::value_t::object: {
      AnyValue::Map map;
      for (const auto& [key, mapped] : value.items()) {
        map.emplace_back(key, valueOf(mapped, depth + 1));
      }
      return map;
    }
    case json::value_t::binary:
    case json::value_t::discarded:
      break;
  }
  throw std::invalid_argument("this is no argument: " + value.dump());
}

// Without the library's own heading, "[json.exception.parse_error.101] ".
std::string complaint(const json::exception& error) {
  const std::string text = error.what();
  return text.substr(text.find("] ") + 2);
}

}  // namespace

Values parseList(std::string_view text) {
  try {
    const json value = json::parse(text);
    if (value.is_array()) {
      const AnyValue list = valueOf(value);
      return Values(std::get<AnyValue::List>(list.content()));
    }
  } catch (const json::exception& error) {
    throw std::invalid_argument(complaint(error));
  }
  throw std::invalid_argument("expected a list, such as [7, \"seven\"]");
}

}  // namespace phial::inline v1::cli
