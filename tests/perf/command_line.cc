#include "tests/perf/command_line.h"

#include <cstdio>
#include <cstdlib>

namespace perf {

void parseOrExit(CLI::App& app, int argc, char** argv) {
  constexpr int kUsageStatus = 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    std::exit(app.exit(help));
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), error.what());
    std::exit(kUsageStatus);
  }
}

double loadAverage() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : -1;
}

}  // namespace perf
