// The default: a record as a line of text.
#include <phial/master/log.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <new>
#include <string>

#include "master/log/log_writer.h"
#include "master/log/record_line.h"

namespace phial::inline v1 {
namespace detail {
namespace {

void addEscaped(std::string& line, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= 0x20 || c == '\t') && byte != 0x7f) {
      line += c;
    } else {
      line += "\\x";
      line += kHex[byte >> 4U];
      line += kHex[byte & 0xfU];
    }
  }
}

void addTime(std::string& line, std::chrono::system_clock::time_point now) {
  const auto sinceEpoch = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  const std::time_t seconds = static_cast<std::time_t>(sinceEpoch.count() / 1000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &utc);
  line.append(text.data(), length);
  std::snprintf(text.data(), text.size(), ".%03d ", static_cast<int>(sinceEpoch.count() % 1000));
  line += text.data();
}

}  // namespace

std::string recordLine(const LogRecord& record, std::chrono::system_clock::time_point now) {
  std::string line;
  line.reserve(record.text.size() + record.pool.size() + 64);
  addTime(line, now);
  line += levelName(record.level);
  line += " [";
  if (record.pool.empty()) {
    line += "phial";
  } else {
    line += "pool ";
    addEscaped(line, record.pool);
  }
  if (record.worker != 0) line += ", worker " + std::to_string(record.worker);
  line += "] ";
  addEscaped(line, record.text);
  line += '\n';
  return line;
}

}  // namespace detail

void logToStderr(const LogRecord& record) noexcept {
  if (record.level == LogLevel::debug) return;
  try {
    auto& writer = detail::LogWriter::stderrWriter();
    writer.add(detail::recordLine(record, std::chrono::system_clock::now()));
  } catch (const std::bad_alloc&) {
    // There is no memory to say so with.
  }
}

}  // namespace phial::inline v1
