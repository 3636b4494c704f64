#include "master/pool/pending_work.h"

namespace phial::inline v1::detail {

void PendingWork::finishSoon() {
  if (soon_) return;
  soon_ = true;
  reactor_.callSoon([this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    soon_ = false;
    finish_();
  });
}

void PendingWork::finishNextTurn() {
  if (nextTurn_) return;
  nextTurn_ = true;
  reactor_.callLater(Duration::zero(), [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    nextTurn_ = false;
    finish_();
  });
}

}  // namespace phial::inline v1::detail
