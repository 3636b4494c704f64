// A value that a person wrote on a command line, as an argument of a job.
//
// The wire's values say themselves what they are, so a function of any worker can be called without
// the C++ types that it was written with: an integer goes into every integer parameter that holds
// it, a list into every vector, a tuple or an aggregate.
#pragma once

#include <phial/protocol/value.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace phial::cli {

/// A value in the notation of JSON, without its objects: null, true, -7, 1.5, "text", [1, 2].
struct Literal {
  using List = std::vector<Literal>;
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, List> value;
};

/// The elements of the list that `text` holds. Throws std::invalid_argument, whose message says
/// what is wrong and where.
Literal::List parseList(std::string_view text);

/// A result of any type, not looked at.
struct Ignored {};

}  // namespace phial::cli

namespace phial {

template <>
struct Codec<cli::Literal> {
  static constexpr bool kMayBeVoid = true;
  static std::uint64_t words(const cli::Literal& literal);
  static void encode(const cli::Literal& literal, schema::Value::Builder builder);
  /// Throws EncodingError always: literals are written, never read.
  static cli::Literal decode(schema::Value::Reader value);
};

template <>
struct Codec<cli::Ignored> {
  static constexpr bool kMayBeVoid = true;
  static std::uint64_t words(const cli::Ignored&) { return encodedWords(std::monostate()); }
  static void encode(const cli::Ignored&, schema::Value::Builder builder) { builder.setVoid(); }
  static cli::Ignored decode(schema::Value::Reader) { return {}; }
};

}  // namespace phial
