#include "worker/batch_queue.h"

#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/value.h>

#include <algorithm>

namespace phial::inline v1::detail {
namespace {

// The struct, its pointer and the union member's.
constexpr std::uint64_t kJobResultWords = 16;
// The struct, and a note of the largest size with the NUL behind it.
constexpr std::uint64_t kProgressWords = 3 + kMostNoteBytes / sizeof(capnp::word) + 1;
// A larger first segment than this gains nothing: a large value has segments of its own, and most
// are not even copied there.
constexpr std::uint64_t kMaxHintWords = std::uint64_t{1} << 16;

}  // namespace

std::uint64_t FinishedJob::words() const {
  const std::uint64_t own = kJobResultWords + (progress ? kProgressWords : 0);
  if (const auto* failure = std::get_if<Failure>(&outcome)) return own + failureWords(*failure);
  return own + std::get<std::unique_ptr<PreparedCall>>(outcome)->resultWords();
}

std::uint64_t FinishedJob::hintWords() const { return std::min(words(), kMaxHintWords); }

void FinishedJob::encode(schema::JobResult::Builder to, FileLane& files) const {
  to.setId(id);
  to.setStartedNanoseconds(startedNanoseconds);
  to.setRunNanoseconds(runNanoseconds);
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
  try {
    OutgoingFiles enclosed;
    std::get<std::unique_ptr<PreparedCall>>(outcome)->encodeResult(to.initValue());
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
  std::uint64_t words = kJobResultWords;
  for (const auto& job : finished_) words += job.words();
  auto results = context_.getResults(capnp::MessageSize{std::min(words, kMaxHintWords), 0})
                     .initResults(static_cast<unsigned>(finished_.size()));
  for (unsigned i = 0; i < results.size(); ++i) finished_[i].encode(results[i], files);
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
