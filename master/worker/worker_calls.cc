// What a worker's jobs ask of their parent.
#include <utility>

#include "master/worker/worker_process.h"

namespace phial::inline v1::detail {

// All of it is for the books, so nothing here ends the conversation.
void WorkerProcess::handleParentNews() {
  ParentService& parent = conversation_->takeParentNews();
  while (auto call = parent.takeCall()) env_.owner.workerCalled(*this, std::move(call));
  for (const auto& [job, number] : parent.takeGone()) {
    env_.owner.workerTookCallBack(*this, job, number);
  }
  if (!parent.waitChanged()) return;
  const JobWait* const wait = parent.wait();
  // The cancel word was raised while this was on its way.
  if (wait != nullptr && page_->cancelRaised(wait->job)) {
    parent.endWait(JobWaitEnd::cancelled, {});
    return env_.owner.workerWaits(*this, nullptr);
  }
  env_.owner.workerWaits(*this, wait);
}

void WorkerProcess::endWait(JobWaitEnd end, const std::string& text) {
  if (!dead_ && conversation_) conversation_->parent().endWait(end, text);
}

}  // namespace phial::inline v1::detail
