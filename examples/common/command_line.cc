#include "common/command_line.h"

#include <cstdio>
#include <cstdlib>

namespace examples {

void parseOrExit(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    std::exit(app.exit(help));
  } catch (const CLI::ParseError& error) {
    refuse(app, error.what());
  }
}

void refuse(const CLI::App& app, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", app.get_name().c_str(), what.c_str());
  std::exit(kUsageStatus);
}

}  // namespace examples
