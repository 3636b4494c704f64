#include "cell.h"

namespace matrix {

const char* fromName(From from) { return from == From::outside ? "outside" : "callback"; }

std::string Cell::name() const {
  return std::string(stageName(stage)) + " x " + phial::cli::faultName(fault) + ", " +
         std::to_string(workers) + (workers == 1 ? " worker" : " workers") + ", jobs from " +
         (from == From::outside ? "outside" : "callbacks");
}

std::string Cell::arguments() const {
  return std::string("--phase ") + stageName(stage) + " --fault " + phial::cli::faultName(fault) +
         " --workers " + std::to_string(workers) + " --from " + fromName(from) + " --seed " +
         std::to_string(seed);
}

std::mt19937_64 Cell::random() const {
  std::seed_seq sequence{static_cast<std::uint64_t>(stage),
                         static_cast<std::uint64_t>(fault),
                         static_cast<std::uint64_t>(workers),
                         static_cast<std::uint64_t>(from),
                         seed & 0xffffffffU,
                         seed >> 32};
  return std::mt19937_64(sequence);
}

}  // namespace matrix
