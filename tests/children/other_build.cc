// A worker of another make: it speaks the protocol and answers the handshake in the way that its
// first argument names.
#include <capnp/any.h>
#include <kj/debug.h>
#include <phial/protocol/worker_contract.h>
#include <phial/schema/worker.capnp.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "tests/support/bare_worker.h"

namespace {

using phial::schema::Worker;

// Points the first pointer of a struct, which follows its data section, out of the message.
void breakFirstPointer(capnp::AnyStruct::Builder builder) {
  // A list pointer: offset 2^29 - 1 words, eight bytes an element, one element.
  constexpr capnp::byte kOutside[] = {0xfd, 0xff, 0xff, 0x7f, 0x0d, 0, 0, 0};
  std::copy(std::begin(kOutside), std::end(kOutside), builder.getDataSection().end());
}

class OtherWorker final : public Worker::Server {
 public:
  explicit OtherWorker(std::string manner) : manner_(std::move(manner)) {}

  kj::Promise<void> describe(DescribeContext context) override {
    auto info = context.getResults().initWorker();
    info.setProtocolVersion(phial::schema::PROTOCOL_VERSION);
    info.setBuildId(std::string(phial::buildId()).c_str());
    if (manner_ == "build") info.setBuildId("phial 0.0.7 schema of yore");
    if (manner_ == "version") info.setProtocolVersion(4711);
    if (manner_ == "error") KJ_FAIL_REQUIRE("I would rather not");
    if (manner_ == "malformed") breakFirstPointer(capnp::toAny(info));
    return kj::READY_NOW;
  }

 private:
  const std::string manner_;
};

}  // namespace

int main(int argc, char** argv) {
  serveBare(kj::heap<OtherWorker>(argc > 1 ? argv[1] : ""));
  return 0;
}
