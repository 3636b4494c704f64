// What a death certificate quotes of a worker's stderr: the first lines and the last.
//
// The last lines alone do not do: those of a sanitizer's report are its legend, and what happened
// stands at its beginning. So the first lines that came since the last job was answered are kept
// too. A sanitizer's report begins anew: its first lines matter more than what the job had printed
// before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace phial::inline v1::detail {

class StderrExcerpt {
 public:
  /// At most, of the first lines and of the last ones each.
  static constexpr std::size_t kLines = 20;
  static constexpr std::size_t kBytes = 16 * 1024;
  /// Longer lines are cut.
  static constexpr std::size_t kLineBytes = 1024;

  void add(std::string_view line);
  /// The worker has answered a job: what it prints from now on is of the next.
  void jobAnswered() {
    if (count_ > 0) begin();
  }

  /// Of those that last() does not have, oldest first.
  std::vector<std::string> first() const;
  /// How many lines lie between first() and last().
  std::uint64_t leftOut() const;
  /// Oldest first.
  std::vector<std::string> last() const { return {last_.begin(), last_.end()}; }

 private:
  void begin();
  std::uint64_t notInLast() const;

  std::vector<std::string> first_;
  std::size_t firstBytes_ = 0;
  bool firstIsFull_ = false;
  bool insideReport_ = false;
  std::uint64_t count_ = 0;  // since first_ began
  std::deque<std::string> last_;
  std::size_t lastBytes_ = 0;
};

}  // namespace phial::inline v1::detail
