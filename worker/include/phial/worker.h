// Everything a program needs that runs in a worker process.
#pragma once

#include <phial/worker/job.h>     // IWYU pragma: export
#include <phial/worker/worker.h>  // IWYU pragma: export
