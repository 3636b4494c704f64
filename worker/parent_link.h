// What a worker has of its master: the interface for its jobs, and what the master's program
// exports. Comes with the handshake.
//
// Thread rule: the worker's loop's.
#pragma once

#include <capnp/capability.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/schema/worker.capnp.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace phial::inline v1::detail {

class ParentLink {
 public:
  /// `bridge` is borrowed.
  explicit ParentLink(LoopBridge& bridge) : bridge_(bridge) {}

  /// Notes what the master said of itself.
  void greet(schema::MasterInfo::Reader master, std::uint64_t maxMessageBytes) {
    maxMessageBytes_ = maxMessageBytes;
    if (master.hasParent()) parent_ = master.getParent();
    if (!master.hasExported()) return;
    exported_ = master.getExported().getAs<capnp::Capability>();
    for (const std::uint64_t id : master.getExportedIds()) exportedIds_.push_back(id);
  }
  /// Before the connection ends.
  void close() {
    parent_ = nullptr;
    exported_ = nullptr;
  }

  LoopBridge& bridge() const { return bridge_; }
  std::uint64_t maxMessageBytes() const { return maxMessageBytes_; }
  /// Null when the master offers nothing to jobs.
  kj::Maybe<schema::Parent::Client>& parent() { return parent_; }
  kj::Maybe<capnp::Capability::Client>& exported() { return exported_; }
  bool exports(std::uint64_t interfaceId) const {
    return std::ranges::find(exportedIds_, interfaceId) != exportedIds_.end();
  }
  /// A number for a call, which no call of this worker has had.
  std::uint64_t nextNumber() { return ++lastNumber_; }

 private:
  LoopBridge& bridge_;
  std::uint64_t maxMessageBytes_ = 0;
  kj::Maybe<schema::Parent::Client> parent_;
  kj::Maybe<capnp::Capability::Client> exported_;
  std::vector<std::uint64_t> exportedIds_;
  std::uint64_t lastNumber_ = 0;
};

}  // namespace phial::inline v1::detail
