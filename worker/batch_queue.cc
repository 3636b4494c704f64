#include "worker/batch_queue.h"

#include <phial/protocol/control_page.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/thresholds.h>
#include <phial/protocol/value_capnp.h>

#include <algorithm>
#include <limits>

namespace phial::inline v1::detail {
namespace {

// The struct, its pointer and the union member's.
constexpr std::uint64_t kJobResultWords = 16;
// An answer beside its result.
constexpr std::uint64_t kAnswerWords = 16;
// The struct, and a note of the largest size with the NUL behind it.
constexpr std::uint64_t kProgressWords = 3 + kMostNoteBytes / sizeof(capnp::word) + 1;

std::uint32_t atMost32(std::uint64_t number) {
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(number, 1, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

void FinishedJob::measure() {
  words = kJobResultWords + (progress ? kProgressWords : 0);
  if (const auto* failure = std::get_if<Failure>(&outcome)) {
    words += failureWords(*failure);
  } else if (const auto* method = std::get_if<std::unique_ptr<MethodCall>>(&outcome)) {
    words += (*method)->resultWords();
  } else {
    words += std::get<std::unique_ptr<PreparedCall>>(outcome)->resultWords();
  }
}

bool FinishedJob::needsAnswer() const {
  const auto* method = std::get_if<std::unique_ptr<MethodCall>>(&outcome);
  return method != nullptr && (*method)->returnsCapabilities();
}

void FinishedJob::encode(schema::JobResult::Builder to, FileLane& files) const {
  write(to, files);
  if (!timed || startedNanoseconds == 0) return;
  const auto ended = startedNanoseconds + static_cast<std::int64_t>(runNanoseconds);
  to.setDecodeNanoseconds(atMost32(decodeNanoseconds));
  to.setEncodeNanoseconds(atMost32(static_cast<std::uint64_t>(controlPageNanos() - ended)));
}

void FinishedJob::write(schema::JobResult::Builder to, FileLane& files) const {
  to.setId(id);
  to.setStartedNanoseconds(startedNanoseconds);
  to.setRunNanoseconds(runNanoseconds);
  to.setWords(static_cast<std::uint16_t>(
      std::min<std::uint64_t>(words, std::numeric_limits<std::uint16_t>::max())));
  if (progress) {
    auto report = to.initProgress();
    report.setNumber(progress->number);
    report.setFraction(progress->fraction);
    report.setNote(capnp::Text::Reader(progress->note.c_str(), progress->note.size()));
  }
  if (const auto* failure = std::get_if<Failure>(&outcome)) {
    encodeFailure(*failure, to.initFailure());
    return;
  }
  if (const auto* method = std::get_if<std::unique_ptr<MethodCall>>(&outcome)) {
    return (*method)->encodeResults(to);
  }
  try {
    OutgoingFiles enclosed;
    std::get<std::unique_ptr<PreparedCall>>(outcome)->encodeResult(writerOf(to.initValue()));
    files.send(id, enclosed.files());
    to.setFiles(enclosed.size());
  } catch (...) {
    const Failure reason = Failure::current();
    encodeFailure(Failure(EncodingError("the result cannot be written: " + reason.message())),
                  to.initFailure());
  }
}

void Batch::answer(FileLane& files) {
  const BorrowedBytes borrowed;
  const std::uint64_t words = kAnswerWords + (result_ ? result_->words : 0);
  auto answer = context_.getResults(capnp::MessageSize{std::min(words, kMostHintWords), 0});
  if (result_) result_->encode(answer.initResult(), files);
  done_->fulfill();
}

BatchQueue::Next BatchQueue::next() {
  Batch& batch = *batches_.front();
  const unsigned index = index_++;
  const unsigned size = batch.size();
  return {batch, index, batch.job(index).getSlot(), size == 1, index + 1 == size};
}

std::unique_ptr<Batch> BatchQueue::pop() {
  auto batch = std::move(batches_.front());
  batches_.pop_front();
  index_ = 0;
  return batch;
}

}  // namespace phial::inline v1::detail
