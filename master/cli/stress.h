// `phial stress`, from its options to its exit status.
#pragma once

#include "master/cli/stress_options.h"

namespace phial::inline v1::cli {

/// Runs it, prints the report to stdout, and returns the exit status: 0 when the ledger balances
/// and nothing leaked, 1 otherwise or when the workers cannot be started.
int runStress(const StressOptions& options);

}  // namespace phial::inline v1::cli
