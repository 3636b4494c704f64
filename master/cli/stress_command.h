// `phial stress` as a person types it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "master/cli/stress_options.h"

namespace phial::inline v1::cli {

/// Adds the verb to the command. `run` is called with what was asked for while the command line is
/// parsed; what contradicts itself there is a CLI::ParseError.
///
/// `worker` is what stood behind --worker, which ends the command's own options.
void addStress(CLI::App& command, std::vector<std::string> worker,
               std::function<void(const StressOptions&)> run);

}  // namespace phial::inline v1::cli
