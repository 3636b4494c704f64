// Random graphs of Deferreds: see deferred_graph.h.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/unit/deferred/deferred_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  phial::testing::DeferredGraph graph({data, data + size});
  const auto troubles = graph.run();
  for (const auto& trouble : troubles) std::fprintf(stderr, "%s\n", trouble.c_str());
  if (!troubles.empty()) std::abort();
  return 0;
}
