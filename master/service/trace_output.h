// The files of a trace, on disk.
//
// The current file ends with "\n]\n" after each write. The next write begins on those three bytes.
// A write that fails half way is taken back, so that the file stays what it was.
//
// Thread rule: any one thread; calls may block for as long as the disk does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace phial::inline v1::detail {

class TraceOutput {
 public:
  TraceOutput(std::string path, std::size_t maxFiles);
  ~TraceOutput();
  TraceOutput(const TraceOutput&) = delete;
  TraceOutput& operator=(const TraceOutput&) = delete;

  /// The next append() begins a new file with `header`: "[", and one event or more.
  void beginFile(std::string header);
  /// Adds events, each behind a comma. Returns what is wrong if they could not be added; the next
  /// call tries again.
  std::optional<std::string> append(const std::string& events);

 private:
  std::optional<std::string> open();
  void shift() const;
  bool writeAtEnd(const std::string& text);
  std::string problem(const char* what) const;
  void close();

  const std::string path_;
  const std::size_t maxFiles_;
  std::string header_;
  int fd_ = -1;
  std::uint64_t end_ = 0;  // where the closing bracket's line begins
};

}  // namespace phial::inline v1::detail
