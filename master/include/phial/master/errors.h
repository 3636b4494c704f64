// The errors that tell of the death of a worker: see <phial/protocol/death_error.h>. A job meets
// them too, when a job that it has called dies.
#pragma once

#include <phial/protocol/death_error.h>  // IWYU pragma: export
