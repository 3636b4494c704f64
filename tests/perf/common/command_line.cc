#include "tests/perf/common/command_line.h"

#include <cstdio>
#include <cstdlib>

#include "master/pool/available_cores.h"

namespace perf {

void parseOrExit(CLI::App& app, int argc, char** argv) {
  constexpr int kUsageStatus = 2;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    std::exit(app.exit(help));
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "%s: %s (see --help)\n", app.get_name().c_str(), error.what());
    std::exit(kUsageStatus);
  }
}

void addWorkers(CLI::App& app, std::size_t& workers) {
  workers = static_cast<std::size_t>(phial::detail::availableCores());
  app.add_option("--workers", workers, "Workers (default: the cores)")->check(CLI::Range(1, 256));
}

}  // namespace perf
