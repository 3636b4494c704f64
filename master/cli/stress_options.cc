#include "master/cli/stress_options.h"

#include <charconv>
#include <csignal>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace phial::inline v1::cli {
namespace {

constexpr double kLongestSeconds = 1e7;

// Seconds in one unit; 0 for what is no unit.
double secondsPer(std::string_view unit) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"", 1},  {"us", 1e-6}, {"ms", 1e-3},
                                                            {"s", 1}, {"m", 60},    {"h", 3600}};
  for (const auto& [name, seconds] : kUnits) {
    if (name == unit) return seconds;
  }
  return 0;
}

}  // namespace

std::optional<int> signalOf(Fault fault) {
  switch (fault) {
    case Fault::sigkill:
      return SIGKILL;
    case Fault::sigsegv:
      return SIGSEGV;
    case Fault::abort:
      return SIGABRT;
    case Fault::stop:
      return SIGSTOP;
    case Fault::exit:
    case Fault::exitZero:
    case Fault::oom:
    case Fault::hang:
    case Fault::closePipe:
    case Fault::halfFrame:
    case Fault::garbage:
    case Fault::ignoreTerm:
    case Fault::grandchild:
    case Fault::progressFlood:
    case Fault::logFlood:
    case Fault::alarm:
    case Fault::forkReturn:
    case Fault::forkExit:
    case Fault::forkExec:
    case Fault::closeDescriptor:
    case Fault::surroundings:
    case Fault::thread:
    case Fault::heed:
      return std::nullopt;
  }
  return std::nullopt;
}

Duration parseDuration(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const double seconds = number * secondsPer({stop, static_cast<std::size_t>(end - stop)});
  const bool isZero = error == std::errc() && number == 0 && stop == end;
  const bool inRange = seconds > 0 && seconds <= kLongestSeconds;
  if (error != std::errc() || (!isZero && !inRange)) {
    throw std::invalid_argument("\"" + text + "\" is no time such as 250us, 10ms, 30s, 2m or 1h");
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace phial::inline v1::cli
