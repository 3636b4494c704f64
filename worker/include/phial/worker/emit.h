// What a function that is called as a stream emits its items by.
#pragma once

#include <phial/protocol/emit.h>  // IWYU pragma: export
