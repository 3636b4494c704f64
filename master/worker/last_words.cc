#include "master/worker/last_words.h"

#include <utility>

namespace phial::inline v1::detail {

LastWords::LastWords(Reactor& reactor, const Conversation& conversation,
                     std::shared_ptr<LogCapture> output, Callbacks callbacks)
    : reactor_(reactor),
      conversation_(conversation),
      output_(std::move(output)),
      callbacks_(std::move(callbacks)),
      drain_(reactor) {}

void LastWords::again(Duration pause, void (LastWords::*step)()) {
  reactor_.callLater(pause, [weak = weak_from_this(), step] {
    const auto self = weak.lock();
    if (self && !self->stopped_) (self.get()->*step)();
  });
}

void LastWords::listen() {
  if (const auto pause = drain_.next(conversation_.sees()))
    return again(*pause, &LastWords::listen);
  callbacks_.onSilence();
}

void LastWords::readLines() {
  const auto keepAlive = shared_from_this();
  const bool more = output_->finish();
  if (stopped_) return;  // a log function has ended the pool
  if (more) return again(Duration::zero(), &LastWords::readLines);
  callbacks_.onLinesRead();
}

}  // namespace phial::inline v1::detail
