// All of phial::service: metrics and traces of pools.
#pragma once

#include <phial/service/metrics.h>     // IWYU pragma: export
#include <phial/service/trace_file.h>  // IWYU pragma: export
