// A worker that is a program of its own. It knows nothing of its master but the names and types of
// the functions that it offers.
#include <phial/worker.h>

#include <cstdint>
#include <cstdio>
#include <numeric>
#include <optional>

#include "factor.h"

namespace arithmetic {

std::uint64_t gcd(std::uint64_t a, std::uint64_t b) { return std::gcd(a, b); }

}  // namespace arithmetic

int main(int argc, char** argv) {
  std::optional<Factoriser> factoriser;
  std::uint64_t served = 0;

  phial::Worker worker;
  worker.add<arithmetic::gcd>();  // by its own name, "arithmetic::gcd"
  worker.add("factor", [&](std::uint64_t n) {
    ++served;
    return factoriser->factor(n);
  });
  worker.onStart([&] { factoriser.emplace(); });
  // What a worker prints goes to its pool's log.
  worker.onStop([&] {
    std::printf("factored %lu numbers\n", served);
    std::fflush(stdout);
  });
  return worker.serve(argc, argv);
}
