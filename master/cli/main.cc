// The `phial` command. It is its own worker.
#include <phial/worker.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string_view>
#include <vector>

#include "master/cli/stress.h"
#include "master/cli/stress_command.h"
#include "master/cli/stress_interface.h"

namespace {

constexpr int kUsageStatus = 2;

/// Takes what stands behind --worker off the command line: a command with options of its own.
std::vector<std::string> workerWords(int& argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] != std::string_view("--worker")) continue;
    std::vector<std::string> words(argv + i + 1, argv + argc);
    argc = i;
    return words;
  }
  return {};
}

/// What is wrong with the command's first word, or nothing: CLI11 only misses the verb.
std::string wrongVerb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return "";
  const auto verbs =
      app.get_subcommands([&](const CLI::App* verb) { return verb->get_name() == argv[1]; });
  if (!verbs.empty()) return "";
  return "there is no verb \"" + std::string(argv[1]) + "\"";
}

/// `command` is the one whose help explains it.
int refuse(const std::string& what, const std::string& command) {
  std::fprintf(stderr, "phial: %s (see %s --help)\n", what.c_str(), command.c_str());
  return kUsageStatus;
}

}  // namespace

int main(int argc, char** argv) {
  if (phial::isWorker()) {
    phial::Worker worker;
    phial::cli::exportStress(worker);
    return worker.serve(argc, argv);
  }
  auto worker = workerWords(argc, argv);

  CLI::App app("Tools for pools of worker processes.", "phial");
  app.set_version_flag("--version", PHIAL_VERSION);
  app.require_subcommand(1);
  std::optional<phial::cli::StressOptions> stress;
  phial::cli::addStress(app, std::move(worker), [&](const auto& options) { stress = options; });
  if (const auto wrong = wrongVerb(app, argc, argv); !wrong.empty()) return refuse(wrong, "phial");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& askedFor) {
    return app.exit(askedFor);
  } catch (const CLI::ParseError& error) {
    const auto verbs = app.get_subcommands();  // those that were given
    return refuse(error.what(), verbs.empty() ? "phial" : "phial " + verbs.front()->get_name());
  }
  return phial::cli::runStress(*stress);
}
