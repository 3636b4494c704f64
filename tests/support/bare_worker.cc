#include "tests/support/bare_worker.h"

#include <capnp/rpc-twoparty.h>
#include <event2/event.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/message_pipe.h>
#include <phial/protocol/worker_contract.h>

#include <memory>

void serveBare(phial::schema::Worker::Client worker) {
  const std::unique_ptr<event_base, decltype(&event_base_free)> base(event_base_new(),
                                                                     &event_base_free);
  phial::LoopBridge bridge(*base);
  phial::MessagePipe pipe(*base, kj::AutoCloseFd(phial::kRequestFd),
                          kj::AutoCloseFd(phial::kReplyFd));
  capnp::TwoPartyVatNetwork network(pipe, capnp::rpc::twoparty::Side::SERVER);
  auto rpc = capnp::makeRpcServer(network, kj::mv(worker));
  network.onDisconnect().wait(bridge.waitScope());
}
