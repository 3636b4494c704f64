#include "master/pool/checked_options.h"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <string>

#include "master/pool/available_cores.h"
#include "master/process/child_limits.h"
#include "master/process/option_check.h"

namespace phial::inline v1::detail {
namespace {

// What spawning a worker would refuse each time, once and by name.
void checkCommand(const OptionCheck& check, const PoolOptions& options) {
  check.text("name", options.name);
  check.text("directory", options.directory);
  for (const auto& part : options.worker) check.text("worker", part);
  if (!options.worker.empty() && options.worker.front().empty()) {
    check.reject("worker", "is \"\": it names no program");
  }
  for (const auto& [name, value] : options.environment) {
    check.text("environment", name);
    if (value) check.text("environment", *value);
    if (name.empty() || name.find('=') != std::string::npos) {
      check.reject("environment", "names \"" + name + "\": a variable's name has no '='");
    }
  }
  if (options.uid == static_cast<uid_t>(-1)) check.reject("uid", "is -1, which is nobody's");
  if (options.gid == static_cast<gid_t>(-1)) check.reject("gid", "is -1, which is no group's");
}

void checkSize(const OptionCheck& check, std::size_t min, std::size_t max) {
  check.count("min", min);
  check.count("max", max);
}

}  // namespace

PoolOptions checkedOptions(PoolOptions options) {
  const OptionCheck check("PoolOptions");
  checkSize(check, options.min, options.max);
  checkCommand(check, options);
  if (options.max == 0) options.max = std::max<std::size_t>(availableCores(), options.min);
  if (options.min > options.max) {
    throw std::invalid_argument("PoolOptions: min is " + std::to_string(options.min) +
                                ", max only " + std::to_string(options.max));
  }
  const int niceness = options.limits.niceness.value_or(0);
  if (niceness < 0 || niceness > 39) {
    throw std::invalid_argument("PoolOptions: limits.niceness is " + std::to_string(niceness) +
                                ", not from 0 to 39");
  }
  if (options.timeoutSignal < 1 || options.timeoutSignal > SIGRTMAX) {
    throw std::invalid_argument("PoolOptions: timeoutSignal " +
                                std::to_string(options.timeoutSignal) + " is no signal");
  }
  if (options.threadsPerWorker == std::uint32_t{0}) {
    check.reject("threadsPerWorker", "is 0: a job needs a thread");
  }
  if (options.threadsPerWorker) check.count("threadsPerWorker", *options.threadsPerWorker);
  check.count("recycleAfter", options.recycleAfter);
  check.count("maxQueue", options.maxQueue);
  if (options.maxLeases == std::size_t{0}) {
    check.reject("maxLeases", "is 0: leave it empty for the default");
  }
  if (options.maxLeases) check.count("maxLeases", *options.maxLeases);
  check.count("maxWaiting", options.maxWaiting);
  check.aboveZero("timeout", options.timeout);
  check.aboveZero("startTimeout", options.startTimeout);
  check.notNegative("maxIdle", options.maxIdle);
  check.notNegative("grace", options.grace);
  check.notNegative("spin", options.spin);
  check.bytes("arenaBytes", options.arenaBytes);
  if (options.maxMessageBytes == 0) {
    check.reject("maxMessageBytes", "is 0: no job could be sent");
  }
  checkLimits(options.limits);
  return options;
}

void checkAdjustedSize(std::size_t min, std::size_t max) {
  checkSize(OptionCheck("adjustPoolSize"), min, max);
  if (max < 1 || min > max) {
    throw std::invalid_argument("adjustPoolSize: min is " + std::to_string(min) + ", max is " +
                                std::to_string(max));
  }
}

}  // namespace phial::inline v1::detail
