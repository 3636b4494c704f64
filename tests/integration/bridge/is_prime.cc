// The function that the programs of README.md declare.
#include <array>
#include <cstdint>

namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t power(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
  std::uint64_t result = 1;
  for (; exponent != 0; exponent /= 2) {
    if (exponent % 2 != 0) result = static_cast<std::uint64_t>(Wide{result} * base % modulus);
    base = static_cast<std::uint64_t>(Wide{base} * base % modulus);
  }
  return result;
}

bool passes(std::uint64_t n, std::uint64_t witness) {
  std::uint64_t odd = n - 1;
  while (odd % 2 == 0) odd /= 2;
  std::uint64_t x = power(witness, odd, n);
  for (; odd != n - 1 && x != 1 && x != n - 1; odd *= 2) x = power(x, 2, n);
  return x == n - 1 || odd % 2 != 0;
}

}  // namespace

// Miller and Rabin's test with the witnesses that leave no doubt below 2^64.
bool isPrime(std::uint64_t n) {
  constexpr std::array<std::uint64_t, 12> kWitnesses{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  for (const std::uint64_t prime : kWitnesses) {
    if (n % prime == 0) return n == prime;
  }
  if (n < 2) return false;
  for (const std::uint64_t witness : kWitnesses) {
    if (!passes(n, witness)) return false;
  }
  return true;
}
