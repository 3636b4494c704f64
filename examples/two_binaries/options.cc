#include "options.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>

#include "common/command_line.h"

namespace {

// Beside this program, wherever it was called from.
std::string defaultWorker() {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return self.parent_path() / "two_binaries_worker";
}

// By hand: CLI11 takes "-6" for a number without a sign, and rounds what is too large.
std::optional<std::uint64_t> numberIn(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::string wrongWith(const std::string& text) {
  return numberIn(text) ? "" : "\"" + text + "\" is no number from 0 to 2^64 - 1";
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
  app.add_option("NUMBERS", numbers, "What to factor")->check(wrongWith)->capture_default_str();
  app.add_option("--worker", options.worker, "The worker's program (default: the one beside this)");
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  examples::parseOrExit(app, argc, argv);
  for (const auto& number : numbers) options.numbers.push_back(numberIn(number).value());
  return options;
}
