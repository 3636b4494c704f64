// How a process ended: see <phial/protocol/exit_status.h>.
#pragma once

#include <phial/protocol/exit_status.h>  // IWYU pragma: export
