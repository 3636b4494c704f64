// Gives places in an arena, and gives the arena's memory back to the system when it is idle.
//
// Memory in use may be free a moment later: nobody tells the writer when a reader is done. So a
// timer looks again and again while the arena has memory. If no place was given since the last
// look, a share of the unused memory goes back, a share in each turn of the loop until nothing is
// left to give.
//
// Thread rule: the loop's.
#pragma once

#include <phial/protocol/arena.h>
#include <phial/protocol/fork_mark.h>
#include <sys/time.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "protocol/wire/event_ptr.h"

namespace phial::inline v1::detail {

class ArenaUpkeep {
 public:
  /// `base` is borrowed. Without an arena there are no places. Memory goes back after `keepsMemory`
  /// without a new place, or twice this time at most.
  ArenaUpkeep(event_base& base, std::shared_ptr<ArenaWriter> arena,
              std::chrono::microseconds keepsMemory);
  ArenaUpkeep(const ArenaUpkeep&) = delete;
  ArenaUpkeep& operator=(const ArenaUpkeep&) = delete;

  /// As ArenaWriter::allocate().
  std::optional<ArenaWriter::Place> allocate(std::size_t bytes, std::size_t lead);

 private:
  static void onTimer(evutil_socket_t, short, void* self) noexcept;
  void look();

  const ForkMark mark_;
  const std::shared_ptr<ArenaWriter> arena_;
  const timeval interval_;
  EventPtr timer_;
  bool pending_ = false;  // timer_ is added
  bool used_ = false;     // since the last look
};

}  // namespace phial::inline v1::detail
