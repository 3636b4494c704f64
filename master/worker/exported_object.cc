#include "master/worker/exported_object.h"

#include <phial/master/parent.h>

#include <algorithm>
#include <memory>

namespace phial::inline v1::detail {
namespace {

void addIds(capnp::InterfaceSchema interface, std::vector<std::uint64_t>& ids) {
  const std::uint64_t id = interface.getProto().getId();
  if (std::ranges::find(ids, id) != ids.end()) return;
  ids.push_back(id);
  for (const auto base : interface.getSuperclasses()) addIds(base, ids);
}

std::vector<std::uint64_t> idsOf(capnp::InterfaceSchema interface) {
  std::vector<std::uint64_t> ids;
  addIds(interface, ids);
  return ids;
}

}  // namespace

ParentExport exportObject(kj::Own<capnp::Capability::Server> object,
                          capnp::InterfaceSchema interface) {
  return ParentExport(std::make_shared<const ExportedObject>(kj::mv(object), idsOf(interface)));
}

ParentExport exportClient(capnp::Capability::Client object, capnp::InterfaceSchema interface) {
  return ParentExport(std::make_shared<const ExportedObject>(kj::mv(object), idsOf(interface)));
}

void exportTo(const ParentExport& exported, schema::MasterInfo::Builder master) {
  const ExportedObject& object = exported.object();
  master.getExported().setAs<capnp::Capability>(object.client());
  auto ids = master.initExportedIds(static_cast<unsigned>(object.ids().size()));
  for (unsigned i = 0; i < ids.size(); ++i) ids.set(i, object.ids()[i]);
}

}  // namespace phial::inline v1::detail
