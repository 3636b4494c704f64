// The arguments that a person wrote on a command line, in the notation of JSON.
//
//   null, true, -7, 1.5, "text", [1, 2], {"key": "value"}
//
// An integer goes into every integer parameter that holds it, a list into every vector, tuple or
// aggregate, an object into a map.
#pragma once

#include <phial/protocol/any_value.h>

#include <string_view>

namespace phial::inline v1::cli {

/// The elements of the list that `text` holds. Throws std::invalid_argument, whose message says
/// what is wrong and where.
Values parseList(std::string_view text);

}  // namespace phial::inline v1::cli
