// Everything that a program needs to run in a worker process.
#pragma once

#include <phial/worker/emit.h>    // IWYU pragma: export
#include <phial/worker/job.h>     // IWYU pragma: export
#include <phial/worker/worker.h>  // IWYU pragma: export
