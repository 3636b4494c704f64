#include "steps.h"

std::string collatzSteps(std::uint64_t number) {
  std::uint64_t steps = 0;
  for (; number != 1; ++steps) number = number % 2 == 0 ? number / 2 : 3 * number + 1;
  return std::to_string(steps) + " steps";
}
