#include "master/pool/delivery.h"

#include <algorithm>

#include "master/pool/pending_work.h"

namespace phial::inline v1::detail {

// Reading the clock costs about as much as a short callback, so it is read only after every fourth
// callback while callbacks are short. The number is small because the next four may be slow.
void Delivery::deliver(TimePoint end, const Ledger& ledger) {
  constexpr Duration kShort = PendingWork::kSlice / 100;
  constexpr int kMostBetween = 4;
  TimePoint seen = end - PendingWork::kSlice;
  int between = 1;
  for (int calls = 1; deliverNext(ledger); ++calls) {
    if (calls < between) continue;
    const TimePoint now = reactor_.now();
    if (now >= end) break;
    between = now - seen < kShort ? std::min(2 * between, kMostBetween) : 1;
    seen = now;
    calls = 0;
  }
}

// False when there was nothing to deliver.
bool Delivery::deliverNext(const Ledger& ledger) {
  if (!settlements_.empty()) {
    settlements_.deliverNext();
    return true;
  }
  return waiters_.deliverNext(ledger[Ledger::Column::queued]);
}

void Delivery::deliverAll() {
  while (!settlements_.empty()) settlements_.deliverNext();
}

}  // namespace phial::inline v1::detail
