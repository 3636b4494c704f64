#include "quicksort.h"

#include <phial/worker.h>

#include <algorithm>
#include <utility>

namespace {

std::int64_t pivotOf(const Numbers& numbers) {
  const auto first = numbers.front();
  const auto middle = numbers[numbers.size() / 2];
  const auto last = numbers.back();
  return std::max(std::min(first, middle), std::min(std::max(first, middle), last));
}

}  // namespace

// What is larger than the pivot is another worker's, and what is smaller is sorted here meanwhile.
Numbers quicksort(Numbers numbers, std::uint64_t grain) {
  if (numbers.size() <= grain) {
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }
  const auto pivot = pivotOf(numbers);
  const auto equal = std::partition(numbers.begin(), numbers.end(),
                                    [pivot](std::int64_t each) { return each < pivot; });
  const auto larger =
      std::partition(equal, numbers.end(), [pivot](std::int64_t each) { return each == pivot; });
  auto rest = phial::currentJob().call<quicksort>(Numbers(larger, numbers.end()), grain);

  Numbers sorted = quicksort(Numbers(numbers.begin(), equal), grain);
  sorted.insert(sorted.end(), equal, larger);
  const Numbers sortedRest = rest.get();
  sorted.insert(sorted.end(), sortedRest.begin(), sortedRest.end());
  return sorted;
}
