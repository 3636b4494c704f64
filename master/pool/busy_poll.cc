#include "master/pool/busy_poll.h"

#include <phial/protocol/saturating_time.h>
#include <sched.h>

namespace phial::inline v1::detail {

void BusyPoll::begin() {
  if (time_ <= Duration::zero()) return;
  until_ = saturatingAdd(reactor_.now(), time_);
  if (!next_.active()) turn();
}

void BusyPoll::turn() {
  if (reactor_.now() >= until_) return;
  sched_yield();  // to whoever has something to do with this core
  next_ = reactor_.callLater(Duration::zero(), [this] { turn(); });
}

}  // namespace phial::inline v1::detail
