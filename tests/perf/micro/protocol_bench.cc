// Taking messages out of a stream of bytes, and finding the function that a message names.
#include <benchmark/benchmark.h>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <phial/protocol/frame_reader.h>
#include <phial/protocol/function_index.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace {

// `count` frames of `words` words each.
std::vector<kj::byte> frames(std::size_t count, capnp::uint words) {
  capnp::MallocMessageBuilder message;
  message.initRoot<capnp::AnyPointer>().initAs<capnp::Data>(words * sizeof(capnp::word));
  const auto one = capnp::messageToFlatArray(message);
  std::vector<kj::byte> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.insert(all.end(), one.asBytes().begin(), one.asBytes().end());
  }
  return all;
}

void readFrames(benchmark::State& state) {
  constexpr std::size_t kCount = 100;
  const auto stream = frames(kCount, static_cast<capnp::uint>(state.range(0)));
  phial::FrameReader reader;
  for (auto _ : state) {
    for (std::size_t at = 0; at < stream.size();) {
      auto space = reader.space();
      const std::size_t bytes = std::min(space.size(), stream.size() - at);
      std::memcpy(space.begin(), stream.data() + at, bytes);
      reader.received(bytes);
      at += bytes;
      while (reader.next() != nullptr) {
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kCount));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}

void findFunction(benchmark::State& state) {
  phial::FunctionIndex index;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    index.add("library::function" + std::to_string(i), "bool (unsigned long)");
  }
  const auto wanted = "library::function" + std::to_string(state.range(0) / 2);
  for (auto _ : state) benchmark::DoNotOptimize(index.find(wanted, "bool (unsigned long)"));
}

BENCHMARK(readFrames)->Name("frames/100 of words")->Arg(16)->Arg(1024)->Arg(65536);
BENCHMARK(findFunction)->Name("function_index/find among")->Arg(1)->Arg(100)->Arg(10000);

}  // namespace
