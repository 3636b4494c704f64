#include <capnp/any.h>
#include <capnp/schema.h>
#include <phial/protocol/worker_contract.h>
#include <phial/schema/value.capnp.h>
#include <phial/schema/worker.capnp.h>

#include <string>

namespace phial::inline v1 {
namespace {

// FNV-1a over the compiled schema nodes: two builds whose wire differs have different ids, also
// when somebody forgot to raise the release.
std::uint64_t fingerprint(std::uint64_t hash, capnp::Schema schema) {
  auto words = capnp::AnyStruct::Reader(schema.getProto()).canonicalize();
  for (auto byte : words.asBytes()) hash = (hash ^ byte) * 0x100000001b3U;
  return hash;
}

std::string makeBuildId() {
  std::uint64_t hash = 0xcbf29ce484222325U;
  hash = fingerprint(hash, capnp::Schema::from<schema::Value>());
  hash = fingerprint(hash, capnp::Schema::from<schema::Packed>());
  hash = fingerprint(hash, capnp::Schema::from<schema::Shared>());
  hash = fingerprint(hash, capnp::Schema::from<schema::Failure>());
  hash = fingerprint(hash, capnp::Schema::from<schema::Job>());
  hash = fingerprint(hash, capnp::Schema::from<schema::JobResult>());
  hash = fingerprint(hash, capnp::Schema::from<schema::MasterInfo>());
  hash = fingerprint(hash, capnp::Schema::from<schema::WorkerInfo>());
  hash = fingerprint(hash, capnp::Schema::from<schema::Worker>());
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "phial " PHIAL_VERSION " schema ";
  for (int shift = 60; shift >= 0; shift -= 4) text += kHex[(hash >> shift) & 0xf];
  return text;
}

}  // namespace

std::string_view buildId() {
  static const std::string id = makeBuildId();
  return id;
}

}  // namespace phial::inline v1
