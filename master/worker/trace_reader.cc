#include "master/worker/trace_reader.h"

#include <phial/protocol/type_name.h>

#include <algorithm>

namespace phial::inline v1::detail {
namespace {

// A name may refer back to parts of itself, so that one of some hundred characters can stand for
// gigabytes. The names of real functions have few of these references.
bool isHarmless(const std::string& name) {
  constexpr std::size_t kLongest = 512;
  constexpr auto kMostReferences = 8;
  return name.size() <= kLongest && std::ranges::count_if(name, [](char c) {
                                      return c == 'S' || c == 'T';
                                    }) <= kMostReferences;
}

// Of "  module(_ZN1a1bEv+0x12) [0x34]".
std::string readable(std::string line) {
  const auto open = line.find('(');
  const auto plus = line.find('+', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || plus == std::string::npos || plus == open + 1) return line;
  const std::string name = line.substr(open + 1, plus - open - 1);
  if (!isHarmless(name)) return line;
  return line.replace(open + 1, name.size(), demangle(name.c_str()));
}

}  // namespace

std::vector<std::string> readTrace(const TraceMemory& memory) {
  const std::size_t bytes =
      std::min<std::size_t>(memory.bytes.load(std::memory_order_acquire), memory.text.size());
  std::string text(memory.text.data(), bytes);
  std::ranges::replace_if(text, [](char c) { return c != '\n' && (c < ' ' || c > '~'); }, '?');
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(readable(text.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

}  // namespace phial::inline v1::detail
