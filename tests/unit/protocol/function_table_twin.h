// Two source files that each have a static function of one name, and one linked from afar.
#pragma once

#include <phial/protocol/function_table.h>

namespace phial {

/// Adds this other file's static `twin`.
void addOtherTwin(FunctionTable& table);

}  // namespace phial
