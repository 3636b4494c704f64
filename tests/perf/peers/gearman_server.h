// A gearmand of one's own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace perf {

/// Runs from construction to the end of this object or of its process, whichever is first; listens
/// on a free port of the loopback interface.
class GearmanServer {
 public:
  /// Returns when it accepts connections. Throws std::runtime_error when it does not within 5 s.
  explicit GearmanServer(const std::string& executable);
  ~GearmanServer();
  GearmanServer(const GearmanServer&) = delete;
  GearmanServer& operator=(const GearmanServer&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  pid_t pid_;
};

/// Kills a child, unless it is dead already, and reaps it.
void endChild(pid_t child);

/// In a child: to be killed when its parent ends.
void endWithParent();

}  // namespace perf
