#include "master/worker/incoming_results.h"

#include <phial/protocol/message_pipe.h>

#include <utility>

namespace phial::inline v1::detail {
namespace {

// As for a message that comes by the pipe: see FrameReader.
capnp::ReaderOptions resultReaderOptions(std::size_t words) {
  auto options = rpcReaderOptions();
  options.traversalLimitInWords = words * 8 + 8192;
  return options;
}

}  // namespace

std::optional<IncomingResult> AnsweredResult::next() {
  if (std::exchange(read_, true) || !answer_.hasResult()) return std::nullopt;
  const auto result = answer_.getResult();
  const auto place = jobs_.find(result.getId());
  if (!place || !page_.begun(*place)) {
    fault_ = "it answered a job that it was not given";
    return std::nullopt;
  }
  return IncomingResult{*place, result};
}

std::optional<IncomingResult> DeliveredResults::next() {
  const auto& jobs = jobs_.batches()[place_.batch].jobs;
  for (; place_.index < jobs.size(); ++place_.index) {
    const auto& job = jobs[place_.index];
    if (job.held != InFlight::Held::byWorker) continue;
    if (!page_.delivered(place_)) return std::nullopt;
    const auto words = page_.fetch(place_);
    if (!words) {
      fault_ = "it placed a result outside of the memory for results";
      return std::nullopt;
    }
    segment_ = *words;
    message_.emplace(kj::arrayPtr(&segment_, 1), resultReaderOptions(segment_.size()));
    const auto result = message_->getRoot<schema::JobResult>();
    if (result.getId() != job.id) {
      fault_ = "it answered a job with the result of another";
      return std::nullopt;
    }
    return IncomingResult{{place_.batch, place_.index++}, result};
  }
  return std::nullopt;
}

}  // namespace phial::inline v1::detail
