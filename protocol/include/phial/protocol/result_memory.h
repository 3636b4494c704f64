// Passes the results of short jobs from worker to master without a message.
//
// The worker writes a result as soon as its job has ended, and marks the job's slot. The master
// looks for results when the batch is answered, when a job takes longer than expected, and when the
// worker has died. It copies a result before it reads it, because the worker can still write there.
#pragma once

#include <capnp/common.h>
#include <kj/array.h>
#include <phial/protocol/control_page.h>

#include <cstdint>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The worker's side. One thread.
class ResultWriter {
 public:
  /// `memory` is borrowed.
  explicit ResultWriter(ResultMemory& memory) : memory_(memory) {}

  /// Begins the batch whose first slot is `slot`; its room is empty then.
  void beginBatch(unsigned slot);

  /// Returns zeroed room for `words` words, or null when not so much is left.
  kj::ArrayPtr<capnp::word> room(std::uint64_t words);
  /// Makes the first `words` words of the last room() the result of `slot`.
  void place(unsigned slot, std::uint32_t words);

 private:
  ResultMemory& memory_;
  std::size_t batch_ = 0;
  std::size_t used_ = 0;
};

/// The master's side: copies the result of `slot` to `to`. Returns false when the place that the
/// worker names lies outside the room of its batch.
bool fetchResult(const ResultMemory& memory, unsigned slot, std::vector<std::uint64_t>& to);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
