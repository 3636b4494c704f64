#include "prime.h"

bool isPrime(std::uint64_t n) {
  if (n < 4) return n >= 2;
  if (n % 2 == 0) return false;
  // The quotient is the bound: the square of a divisor would overflow near 2^64.
  for (std::uint64_t divisor = 3; divisor <= n / divisor; divisor += 2) {
    if (n % divisor == 0) return false;
  }
  return true;
}
