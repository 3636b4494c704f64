// A message on its way into the arena, copied piece by piece: a memcpy of 64 MiB takes 6 ms, and a
// loop must not stop for so long.
#pragma once

#include <kj/array.h>
#include <phial/protocol/arena.h>

#include <capnp/common.h>
#include <cstddef>
#include <vector>

namespace phial::inline v1::detail {

class ArenaCopy {
 public:
  using Segments = kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>>;

  /// The frame's table, then `segments`, which are borrowed until step() has returned true.
  ArenaCopy(ArenaWriter::Place place, std::vector<kj::byte> table, Segments segments);

  /// Copies for about 0.3 ms. True when all is copied.
  bool step();

 private:
  ArenaWriter::Place place_;
  std::vector<kj::byte> table_;
  std::vector<kj::ArrayPtr<const kj::byte>> left_;  // from the last to the first
  std::byte* to_;
};

}  // namespace phial::inline v1::detail
