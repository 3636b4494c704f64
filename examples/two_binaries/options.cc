#include "options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace {

constexpr int kUsageStatus = 2;

// Beside this program, wherever it was called from.
std::string defaultWorker() {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return self.parent_path() / "two_binaries_worker";
}

// By hand: CLI11 takes "-6" for a number without a sign, and rounds what is too large.
std::uint64_t parseNumber(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) {
    throw CLI::ValidationError("NUMBERS", "\"" + text + "\" is no number from 0 to 2^64 - 1");
  }
  return number;
}

}  // namespace

Options parseOptions(int argc, char** argv) {
  Options options;
  options.worker = defaultWorker();
  std::vector<std::string> numbers = {"360", "600851475143", "18446744073709551615"};
  CLI::App app(
      "Factors numbers in worker processes that are a program of their own, whose functions it\n"
      "calls by name. Also asks for a function that the worker does not have.",
      "two_binaries");
  app.add_option("NUMBERS", numbers, "What to factor")->capture_default_str();
  app.add_option("--worker", options.worker, "The worker's program (default: the one beside this)");
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  try {
    app.parse(argc, argv);
    for (const auto& number : numbers) options.numbers.push_back(parseNumber(number));
    return options;
  } catch (const CLI::CallForHelp& help) {
    std::exit(app.exit(help));
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "two_binaries: %s\n", error.what());
    std::exit(kUsageStatus);
  }
}
