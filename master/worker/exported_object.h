// The object that the master's program exports to jobs, until it is written into a handshake.
//
// Thread rule: the loop's, but for the construction: options may be made anywhere.
#pragma once

#include <capnp/capability.h>
#include <phial/master/parent_export.h>
#include <phial/schema/worker.capnp.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace phial::inline v1::detail {

class ExportedObject {
 public:
  ExportedObject(kj::Own<capnp::Capability::Server> object, std::vector<std::uint64_t> ids)
      : server_(kj::mv(object)), ids_(std::move(ids)) {}
  ExportedObject(capnp::Capability::Client object, std::vector<std::uint64_t> ids)
      : client_(kj::mv(object)), ids_(std::move(ids)) {}

  /// Needs a KJ event loop on this thread.
  capnp::Capability::Client client() const {
    if (!client_) client_.emplace(kj::mv(server_));
    return *client_;
  }
  /// The interface, and those that it extends.
  const std::vector<std::uint64_t>& ids() const { return ids_; }

 private:
  mutable kj::Own<capnp::Capability::Server> server_;  // until it is asked for
  mutable std::optional<capnp::Capability::Client> client_;
  const std::vector<std::uint64_t> ids_;
};

/// Writes it into the handshake.
void exportTo(const ParentExport& exported, schema::MasterInfo::Builder master);

}  // namespace phial::inline v1::detail
