#include "stage.h"

namespace matrix {

const char* stageName(Stage stage) {
  static constexpr std::array<const char*, kAllStages.size()> kNames = {
      "template", "spawn",  "handshake", "onStart", "decode", "run",     "progress", "method",
      "leased",   "forked", "encode",    "deliver", "idle",   "recycle", "stop"};
  return kNames.at(static_cast<std::size_t>(stage));
}

std::optional<Stage> parseStage(std::string_view name) {
  for (const Stage stage : kAllStages) {
    if (name == stageName(stage)) return stage;
  }
  return std::nullopt;
}

}  // namespace matrix
