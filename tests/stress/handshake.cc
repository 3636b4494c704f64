#include "handshake.h"

#include <capnp/rpc-twoparty.h>
#include <event2/event.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/message_pipe.h>
#include <phial/protocol/worker_contract.h>
#include <phial/schema/worker.capnp.h>

#include <cstdlib>
#include <memory>

namespace matrix {
namespace {

class DoomedServer final : public phial::schema::Worker::Server {
 public:
  explicit DoomedServer(const Fuse& fuse) : fuse_(fuse) {}

  kj::Promise<void> describe(DescribeContext) override {
    pass(fuse_, Stage::handshake);
    std::abort();
  }

 private:
  const Fuse fuse_;
};

}  // namespace

void meetInHandshake(const Fuse& fuse) {
  const std::unique_ptr<event_base, decltype(&event_base_free)> base(event_base_new(),
                                                                     &event_base_free);
  phial::LoopBridge bridge(*base);
  phial::MessagePipe pipe(*base, kj::AutoCloseFd(phial::kRequestFd),
                          kj::AutoCloseFd(phial::kReplyFd));
  capnp::TwoPartyVatNetwork network(pipe, capnp::rpc::twoparty::Side::SERVER);
  auto rpc = capnp::makeRpcServer(network, kj::heap<DoomedServer>(fuse));
  network.onDisconnect().wait(bridge.waitScope());
  // The master has gone before it said a word.
  std::_Exit(0);
}

}  // namespace matrix
