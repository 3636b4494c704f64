// Every job is in exactly one column: queued, running, succeeded, failed or cancelled.
//
// The ledger is the one place where a job changes its column, so that the sum is right at every
// moment that a caller can look.
#pragma once

#include <cassert>
#include <cstdint>

namespace phial::inline v1::detail {

class Ledger {
 public:
  enum class Column { queued, running, succeeded, failed, cancelled };

  /// A new job, which begins in `column`.
  void enter(Column column) {
    ++submitted_;
    ++count(column);
  }
  void move(Column from, Column to) {
    assert(count(from) > 0);
    --count(from);
    ++count(to);
  }
  std::uint64_t submitted() const { return submitted_; }
  std::uint64_t operator[](Column column) const { return counts_[static_cast<int>(column)]; }

 private:
  std::uint64_t& count(Column column) { return counts_[static_cast<int>(column)]; }

  std::uint64_t submitted_ = 0;
  std::uint64_t counts_[5] = {};
};

}  // namespace phial::inline v1::detail
