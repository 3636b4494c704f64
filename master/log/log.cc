#include "master/log/log.h"

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include "master/log/flood_gate.h"
#include "master/log/log_writer.h"

namespace phial::inline v1 {
namespace {

using detail::FloodGate;
using detail::Recurring;

using SinkPtr = std::shared_ptr<const LogFunction>;

struct Sink {
  std::mutex mutex;
  SinkPtr function = std::make_shared<const LogFunction>(logToStderr);
};

struct Recurrences {
  std::mutex mutex;
  std::array<FloodGate, 2> gates;  // by Recurring
};

// Never destroyed: destructors of static objects may still have something to say.
Sink& sink() {
  static Sink& instance = *new Sink;
  return instance;
}
Recurrences& recurrences() {
  static Recurrences& instance = *new Recurrences;
  return instance;
}

SinkPtr currentSink() {
  std::lock_guard lock(sink().mutex);
  return sink().function;
}

// True while this thread is inside a function of the program's that receives records.
thread_local bool insideSink = false;

std::string notShown(std::uint64_t count, const char* what) {
  return std::to_string(count) + " more " + what + " came too fast and were only counted";
}

const char* nameOf(Recurring kind) {
  return kind == Recurring::unhandledError ? "unhandled errors in Deferreds"
                                           : "unhandled errors in callbacks of the reactor";
}

std::string inWords(std::string_view what, const Failure& failure) {
  std::string text(what);
  text += ": " + failure.type() + ": " + failure.message();
  const std::string trace = failure.traceback();
  if (!trace.empty()) text += "\n" + trace;
  return text;
}

void sayHeldBack(Recurring kind, std::uint64_t count) {
  if (count == 0) return;
  const std::string text = notShown(count, nameOf(kind));
  detail::log({.level = LogLevel::error, .text = text});
}

// The last chance: after main, atexit functions and static destructors.
[[gnu::destructor]] void atProgramEnd() {
  for (const auto kind : {Recurring::unhandledError, Recurring::callbackError}) {
    std::uint64_t count = 0;
    {
      std::lock_guard lock(recurrences().mutex);
      count = recurrences().gates[static_cast<std::size_t>(kind)].takeHeldBack();
    }
    if (count == 0) continue;
    // A sink of the program's may be gone by now.
    const std::string text = notShown(count, nameOf(kind));
    logToStderr({.level = LogLevel::error, .text = text});
  }
  detail::LogWriter::finishStderr();
}

}  // namespace

const char* levelName(LogLevel level) {
  static constexpr std::array kNames = {"debug", "info", "warning", "error"};
  return kNames.at(static_cast<std::size_t>(level));
}

LogFunction setLogSink(LogFunction function) {
  if (!function) function = logToStderr;
  auto next = std::make_shared<const LogFunction>(std::move(function));
  std::lock_guard lock(sink().mutex);
  return *std::exchange(sink().function, std::move(next));
}

namespace detail {

void logTo(const LogFunction& function, const LogRecord& record) noexcept {
  if (insideSink) return logToStderr(record);
  insideSink = true;
  bool taken = false;
  try {
    function(record);
    taken = true;
  } catch (...) {
  }
  insideSink = false;
  if (taken) return;
  logToStderr({.level = LogLevel::error,
               .pool = record.pool,
               .text = "the program's log function threw at the next record"});
  logToStderr(record);
}

void log(const LogRecord& record) noexcept { logTo(*currentSink(), record); }

void logRecurring(Recurring kind, std::string_view what, const Failure& failure) noexcept {
  std::uint64_t before = 0;
  {
    std::lock_guard lock(recurrences().mutex);
    auto& gate = recurrences().gates[static_cast<std::size_t>(kind)];
    if (!gate.admit(std::chrono::steady_clock::now())) return;
    before = gate.takeHeldBack();
  }
  try {
    sayHeldBack(kind, before);
    const std::string text = oneLine(inWords(what, failure));
    log({.level = LogLevel::error, .text = text});
  } catch (const std::bad_alloc&) {
    log({.level = LogLevel::error,
         .text = "an error that nobody handled, and no memory to say it"});
  }
}

std::string oneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto begin = part.find_first_not_of(" \t");
    if (begin == std::string_view::npos) continue;
    if (!line.empty()) {
      line += " | ";
      part.remove_prefix(begin);
    }
    line += part;
  }
  return line;
}

}  // namespace detail

void writeLog(const LogRecord& record) noexcept { detail::log(record); }

}  // namespace phial::inline v1
