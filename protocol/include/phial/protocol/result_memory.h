// Results of short jobs, from the worker's hand to the master's, without a message.
//
// The worker writes each as soon as its job has ended and marks the job's slot; the master looks
// when the batch is answered, when it wonders what takes so long, and when the worker has died. It
// copies a result before it reads it, for the worker can still write there.
#pragma once

#include <capnp/common.h>
#include <kj/array.h>
#include <phial/protocol/control_page.h>

#include <cstdint>
#include <vector>

namespace phial::detail {

/// The worker's side. One thread.
class ResultWriter {
 public:
  /// `memory` is borrowed.
  explicit ResultWriter(ResultMemory& memory) : memory_(memory) {}

  /// Begins the batch whose first slot is `slot`: its room is empty again.
  void beginBatch(unsigned slot);

  /// Zeroed room for `words`, or null when there is not so much left.
  kj::ArrayPtr<capnp::word> room(std::uint64_t words);
  /// The first `words` of the room that was returned last are the result of `slot`.
  void place(unsigned slot, std::uint32_t words);

 private:
  ResultMemory& memory_;
  std::size_t batch_ = 0;
  std::size_t used_ = 0;
};

/// The master's side: copies the result of `slot` to `to`. False when the place that the worker
/// names does not lie in its batch's room.
bool fetchResult(const ResultMemory& memory, unsigned slot, std::vector<std::uint64_t>& to);

}  // namespace phial::detail
