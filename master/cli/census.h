// What this process holds of the system: memory, descriptors, children.
//
// After adoptOrphans() a process that its worker has left behind becomes a child of this one, so
// that it can be found, and told from a worker by its group: a worker leads its own.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace phial::inline v1::cli {

struct Footprint {
  std::uint64_t rssBytes = 0;
  std::size_t descriptors = 0;
};

struct Children {
  std::size_t zombies = 0;  ///< dead and not reaped
  std::size_t strays = 0;   ///< alive

  std::size_t all() const { return zombies + strays; }
};

/// Throws std::system_error when /proc cannot be read.
Footprint footprint();

/// Makes this process the one that orphans among its descendants are handed to: prctl(2),
/// PR_SET_CHILD_SUBREAPER.
void adoptOrphans();

/// The child of this name, as the kernel keeps it, that leads a process group; nothing if there is
/// none.
std::optional<pid_t> findChild(const std::string& name);

/// Reaps the dead among the adopted, never a worker, which is the pool's to reap; and counts the
/// children that there still are.
Children countChildren();

}  // namespace phial::inline v1::cli
