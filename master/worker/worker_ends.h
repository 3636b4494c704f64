// The worker's ends of what connects it with its master. See worker_contract.h.
#pragma once

namespace phial::inline v1::detail {

/// All are borrowed; -1: the worker goes without.
struct WorkerEnds {
  int requests;
  int replies;
  int page;
  int requestArena = -1;
  int replyArena = -1;  ///< there are both arenas or none
  int files = -1;
};

}  // namespace phial::inline v1::detail
