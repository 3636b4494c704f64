// The work: prime factors, with a table that is made once and used by every job.
#pragma once

#include <cstdint>
#include <vector>

class Factoriser {
 public:
  /// Finds the prime numbers below 65536.
  Factoriser();

  /// The prime factors of `n`, smallest first. Throws std::domain_error for 0.
  std::vector<std::uint64_t> factor(std::uint64_t n) const;

 private:
  std::vector<std::uint64_t> smallPrimes_;
};
