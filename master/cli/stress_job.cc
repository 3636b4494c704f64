#include "master/cli/stress_job.h"

#include <numeric>

#include "master/cli/mischief.h"

namespace phial::inline v1::cli {
namespace {

constexpr std::size_t kTableSize = std::size_t{1} << 21;  // 16 MiB

std::vector<std::uint64_t> table;

}  // namespace

// The mixing function of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
// generators), some hundred times.
std::uint64_t scramble(std::uint64_t seed) {
  constexpr int kRounds = 500;
  for (int i = 0; i < kRounds; ++i) {
    seed += 0x9e3779b97f4a7c15;
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111eb;
    seed ^= seed >> 31;
  }
  return seed;
}

void loadTable() {
  table.resize(kTableSize);
  std::iota(table.begin(), table.end(), std::uint64_t{0});
}

std::uint64_t scrambleByTable(std::uint64_t seed) {
  const std::size_t place = seed % kTableSize;
  const bool right = place < table.size() && table[place] == place;
  return right ? scramble(seed) : ~scramble(seed);
}

Parcel makeParcel(std::uint64_t seed) {
  constexpr std::size_t kMostEntries = 20;
  constexpr std::size_t kMostStrings = 50;
  Parcel parcel;
  for (std::size_t entry = 0; entry < seed % kMostEntries; ++entry) {
    seed = scramble(seed);
    parcel[std::to_string(seed)].assign(seed % kMostStrings, std::to_string(~seed));
  }
  return parcel;
}

Parcel play(Fault fault, std::uint64_t seed, const Parcel& parcel) {
  misbehave(fault, seed);
  return parcel;
}

void sabotage(Fault fault, std::uint64_t seed) { inflict(fault, seed); }

}  // namespace phial::inline v1::cli
