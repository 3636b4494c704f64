#include "master/net/reactor_hold.h"

#include <phial/master/reactor.h>

#include <utility>

namespace phial::inline v1::detail {

struct ReactorHold::Owner {
  explicit Owner(std::shared_ptr<HeldByReactor> o) : object(std::move(o)) {}
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() {
    if (object) object->reactorEnded();
  }
  std::shared_ptr<HeldByReactor> object;
};

void ReactorHold::begin(Reactor& reactor, std::shared_ptr<HeldByReactor> object) {
  auto owner = std::make_shared<Owner>(std::move(object));
  owner_ = owner;
  call_ = reactor.callLater(Duration::max(), [owner = std::move(owner)] {});
}

void ReactorHold::end() {
  const auto owner = owner_.lock();
  if (!owner) return;
  owner_.reset();
  const auto object = std::exchange(owner->object, nullptr);  // destroyed last, this with it
  std::exchange(call_, {}).cancel();
}

}  // namespace phial::inline v1::detail
