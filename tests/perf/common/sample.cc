#include "tests/perf/common/sample.h"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace perf {
namespace {

using Json = nlohmann::ordered_json;

void printLine(const Json& json) {
  std::printf("%s\n", json.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

void print(const Sample& sample) {
  Json json = {{"workload", sample.workload},
               {"subject", sample.subject},
               {"value", sample.value},
               {"unit", sample.unit}};
  for (const auto& [key, value] : sample.also) json[key] = value;
  printLine(json);
}

void printUnavailable(std::string_view workload, std::string_view subject,
                      std::string_view reason) {
  printLine({{"workload", workload}, {"subject", subject}, {"unavailable", reason}});
}

}  // namespace perf
