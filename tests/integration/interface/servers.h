// What the workers of these tests export.
#pragma once

#include <phial/worker/worker.h>

namespace phial {

void exportAll(Worker& worker);

}  // namespace phial
