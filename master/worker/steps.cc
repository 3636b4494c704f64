#include "master/worker/steps.h"

#include <utility>

namespace phial::inline v1::detail {

// Held by its timer too, so a step may drop the Steps that it belongs to.
struct Steps::OnLoop {
  Reactor& reactor;
  std::shared_ptr<SteppedWork> work;
  std::function<void()> done;
  bool over = false;
  DelayedCall next;

  static void goOn(const std::shared_ptr<OnLoop>& self) {
    self->next = self->reactor.callLater(Duration::zero(), [self] {
      const bool last = self->work->step();
      if (self->over) return;  // dropped meanwhile
      if (!last) return goOn(self);
      self->over = true;
      const auto done = std::move(self->done);
      done();
    });
  }
};

Steps::Steps(Reactor& reactor, SideThread& side, std::shared_ptr<SteppedWork> work,
             std::function<void()> done) {
  if (work->where() == SteppedWork::Where::beside) {
    beside_ = side.run([work = std::move(work)] { return work->step(); }, std::move(done));
  } else {
    onLoop_ = std::make_shared<OnLoop>(
        OnLoop{reactor, std::move(work), std::move(done), false, DelayedCall()});
    OnLoop::goOn(onLoop_);
  }
}

Steps& Steps::operator=(Steps&& other) noexcept {
  if (this == &other) return *this;
  drop();
  beside_ = std::move(other.beside_);
  onLoop_ = std::move(other.onLoop_);
  return *this;
}

bool Steps::active() const { return beside_.active() || (onLoop_ && !onLoop_->over); }

void Steps::drop() noexcept {
  beside_.drop();
  if (const auto gone = std::move(onLoop_)) {
    gone->over = true;
    gone->next.cancel();
  }
}

}  // namespace phial::inline v1::detail
