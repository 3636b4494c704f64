#include <phial/protocol/item_ring.h>

#include <algorithm>
#include <cstring>

namespace phial::inline v1::detail {
namespace {

// Calls `copy(at, words)` for the one or two stretches of a ring that begin at this count.
template <class Copy>
void eachStretch(std::uint64_t count, std::size_t words, Copy copy) {
  const std::size_t at = count % kItemRingWords;
  const std::size_t first = std::min(words, kItemRingWords - at);
  copy(at, first);
  if (first < words) copy(std::size_t{0}, words - first);
}

}  // namespace

std::size_t ItemRingWriter::space() const {
  return kItemRingWords - static_cast<std::size_t>(written_ - ring_.taken.load());
}

void ItemRingWriter::append(std::span<const std::uint64_t> words) {
  const std::uint64_t* from = words.data();
  eachStretch(written_, words.size(), [&](std::size_t at, std::size_t count) {
    std::memcpy(room_.data() + at, from, count * sizeof(std::uint64_t));
    from += count;
  });
  written_ += words.size();
}

// Store, then look whether the other side sleeps. The other side says that it sleeps, then looks at
// the count. One of the two sees the other, because all four are in one order.
bool ItemRingWriter::publish() {
  ring_.written.store(written_);
  return ring_.readerSleeps.load() != 0 && ring_.readerSleeps.exchange(0) != 0;
}

void ItemRingWriter::beginWait() { ring_.writerSleeps.store(1); }
void ItemRingWriter::endWait() { ring_.writerSleeps.store(0); }

ItemRingReader::ItemRingReader(ItemRing& ring, const ResultMemory& memory, unsigned slot,
                               std::uint64_t job)
    : ring_(ring), room_(memory.words[slot / kBatchSlots % kBatches]) {
  ring_.written.store(0);
  ring_.taken.store(0);
  ring_.readerSleeps.store(0);
  ring_.writerSleeps.store(0);
  ring_.job.store(job);
}

bool ItemRingReader::take(std::vector<std::uint64_t>& to, std::size_t most) {
  const std::uint64_t there = ring_.written.load() - taken_;
  if (there > kItemRingWords) return false;
  const std::size_t words = std::min(static_cast<std::size_t>(there), most);
  if (words == 0) return true;
  std::size_t end = to.size();
  to.resize(end + words);
  eachStretch(taken_, words, [&](std::size_t at, std::size_t count) {
    std::memcpy(to.data() + end, room_.data() + at, count * sizeof(std::uint64_t));
    end += count;
  });
  taken_ += words;
  ring_.taken.store(taken_);
  return true;
}

bool ItemRingReader::beginWait() {
  ring_.readerSleeps.store(1);
  if (ring_.written.load() == taken_) return false;
  ring_.readerSleeps.store(0);
  return true;
}

bool ItemRingReader::wakesWriter(Wake wake) {
  if (ring_.writerSleeps.load() == 0) return false;
  const std::uint64_t there = ring_.written.load() - taken_;
  if (wake == Wake::ifRoom && there > kItemRingWords - kItemRingQuarter) return false;
  return ring_.writerSleeps.exchange(0) != 0;
}

}  // namespace phial::inline v1::detail
