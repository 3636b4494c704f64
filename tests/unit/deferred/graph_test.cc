// Random graphs of Deferreds from fixed seeds; tests/fuzz looks further.
#include "tests/unit/deferred/deferred_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace phial::testing {
namespace {

std::vector<std::uint8_t> bytesOf(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes(40 + random() % 400);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST(DeferredGraphTest, EveryDeferredSettlesOnceAndNothingIsLeft) {
  constexpr std::uint32_t kGraphs = 400;
  for (std::uint32_t seed = 0; seed < kGraphs; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    DeferredGraph graph(bytesOf(seed));
    ASSERT_THAT(graph.run(), ::testing::IsEmpty());
  }
}

}  // namespace
}  // namespace phial::testing
