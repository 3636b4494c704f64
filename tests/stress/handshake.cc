#include "handshake.h"

#include <phial/schema/worker.capnp.h>

#include <cstdlib>

#include "tests/support/bare_worker.h"

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
  serveBare(kj::heap<DoomedServer>(fuse));
  // The master has gone before it said a word.
  std::_Exit(0);
}

}  // namespace matrix
