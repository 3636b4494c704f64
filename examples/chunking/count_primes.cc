#include "count_primes.h"

namespace {

bool isPrime(std::uint64_t n) {
  if (n < 4) return n >= 2;
  if (n % 2 == 0) return false;
  for (std::uint64_t d = 3; d * d <= n; d += 2) {
    if (n % d == 0) return false;
  }
  return true;
}

}  // namespace

std::uint64_t countPrimes(std::uint64_t begin, std::uint64_t end) {
  std::uint64_t count = 0;
  for (std::uint64_t n = begin; n < end; ++n) count += isPrime(n) ? 1 : 0;
  return count;
}
