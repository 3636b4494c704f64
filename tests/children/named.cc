// A worker program of its own that registers what it offers by name.
#include "named.h"

#include <phial/worker.h>

#include <memory>
#include <utility>

namespace {

std::string repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  phial::Worker worker;
  worker.add<named::kRepeat>(repeat);
  // Neither the callable's own types nor its being movable only are of interest.
  worker.add<named::kSquare>(
      [one = std::make_unique<std::int64_t>(1)](std::int64_t n) { return *one * n * n; });
  worker.add<named::kInterest>([](const named::Money& money, double rate) {
    return named::Money::ofCents(static_cast<std::int64_t>(money.cents() * (1 + rate)));
  });
  worker.add<named::kWithdraw>([](const std::string& how) {
    if (how == "deep") throw named::DeeplyOverdrawn("by far");
    throw named::Overdrawn(how);
  });
  worker.add("math.mistaken", [](std::string) { return 1; });
  worker.add("tree", [](std::map<std::string, std::vector<int>> tree, double factor) {
    std::map<std::string, double> sums;
    for (const auto& [name, numbers] : tree) {
      for (const int number : numbers) sums[name] += factor * number;
    }
    return sums;
  });
  return worker.serve(argc, argv);
}
