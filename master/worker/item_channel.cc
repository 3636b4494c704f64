#include "master/worker/item_channel.h"

#include <utility>

namespace phial::inline v1::detail {

void ItemChannel::begin(std::uint64_t job, ItemStream& stream, std::uint64_t maxMessageBytes,
                        WorkerPage& page, unsigned slot) {
  finish();
  job_ = job;
  fault_.clear();
  stream_ = stream.shared_from_this();
  ring_.emplace(page.beginItems(slot, job));
  stream_->begin(*this, {.mostWords = maxMessageBytes / sizeof(std::uint64_t)});
}

std::string ItemChannel::finish(std::uint64_t job) {
  if (job_ != job) return {};
  finish();
  return std::exchange(fault_, {});
}

void ItemChannel::finish() {
  job_ = 0;
  if (const auto stream = std::exchange(stream_, nullptr)) stream->finished();
  ring_.reset();
}

void ItemChannel::wakeForCancel(std::uint64_t job) {
  if (job_ != job || !ring_ || mark_.inherited()) return;
  if (ring_->wakesWriter(ItemRingReader::Wake::always)) callbacks_.ringWorker();
}

// A worker that counts wrong is about to be ended: nothing more is read.
void ItemChannel::read(std::vector<std::uint64_t>& to, std::size_t most) {
  if (!ring_ || mark_.inherited()) return;
  const std::size_t before = to.size();
  bool sound = true;
  do {
    sound = ring_->take(to, most);
  } while (sound && to.size() == before && ring_->beginWait());
  if (!sound) return complain("it counts more items into its stream than there is room for");
  if (ring_->wakesWriter(ItemRingReader::Wake::ifRoom)) callbacks_.ringWorker();
}

void ItemChannel::complain(std::string what) {
  ring_.reset();
  fault_ = what;
  callbacks_.complain(std::move(what));
}

}  // namespace phial::inline v1::detail
