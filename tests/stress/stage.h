// The points of a worker's life at which the matrix lets a fault strike: the rows of its table.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace matrix {

enum class Stage {
  idleTemplate,  ///< in the template of the workers, while it waits; they live on
  spawn,         ///< in main, before the worker serves
  handshake,     ///< while it answers describe()
  onStart,       ///< in its onStart hook
  decode,        ///< while the arguments of a job are read
  run,           ///< in a job's function
  progress,      ///< in a job's function, right after it has reported progress
  method,        ///< in a method of an interface that the worker exports
  leased,        ///< in a job's function, the worker being leased
  forked,        ///< in a job's function, the worker having been forked from a template
  encode,        ///< while the result of a job is written to its message
  deliver,       ///< while that message is on its way, partly in the pipe
  idle,          ///< on its main thread, waiting for a job
  recycle,       ///< in its onStop hook, being replaced after its number of jobs
  stop,          ///< in its onStop hook, the pool being stopped
};

inline constexpr std::array kAllStages = {
    Stage::idleTemplate, Stage::spawn,    Stage::handshake, Stage::onStart, Stage::decode,
    Stage::run,          Stage::progress, Stage::method,    Stage::leased,  Stage::forked,
    Stage::encode,       Stage::deliver,  Stage::idle,      Stage::recycle, Stage::stop};

const char* stageName(Stage stage);
std::optional<Stage> parseStage(std::string_view name);

/// Whether a worker that meets a fault at `stage` never gets ready.
inline bool isStart(Stage stage) { return stage >= Stage::spawn && stage <= Stage::onStart; }
/// Whether the workers are forked from a template.
inline bool isWarm(Stage stage) { return stage == Stage::idleTemplate || stage == Stage::forked; }
/// Whether the pool has told it to end already.
inline bool isEnd(Stage stage) { return stage >= Stage::recycle; }

}  // namespace matrix
