#include "factor.h"

#include <stdexcept>

namespace {

constexpr std::uint64_t kTableEnd = 1 << 16;

}  // namespace

Factoriser::Factoriser() {
  std::vector<bool> composite(kTableEnd);
  for (std::uint64_t n = 2; n < kTableEnd; ++n) {
    if (composite[n]) continue;
    smallPrimes_.push_back(n);
    for (std::uint64_t multiple = n * n; multiple < kTableEnd; multiple += n) {
      composite[multiple] = true;
    }
  }
}

std::vector<std::uint64_t> Factoriser::factor(std::uint64_t n) const {
  if (n == 0) throw std::domain_error("0 has no prime factors");
  std::vector<std::uint64_t> factors;
  const auto divideBy = [&](std::uint64_t divisor) {
    for (; n % divisor == 0; n /= divisor) factors.push_back(divisor);
  };
  for (const auto prime : smallPrimes_) divideBy(prime);
  for (std::uint64_t odd = kTableEnd + 1; odd <= n / odd; odd += 2) divideBy(odd);
  if (n > 1) factors.push_back(n);
  return factors;
}
