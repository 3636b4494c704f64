// What it costs to turn C++ values into Cap'n Proto and back.
#include <benchmark/benchmark.h>
#include <capnp/message.h>
#include <phial/protocol/value_capnp.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace {

struct Point {
  double x = 1;
  double y = 2;
  std::string name = "a point";
};

template <class T>
T example();
template <>
std::int64_t example() {
  return 42;
}
template <>
std::string example() {
  return "a string of some forty characters, no more";
}
template <>
Point example() {
  return {};
}
template <>
std::vector<double> example() {
  return std::vector<double>(1000, 0.5);
}
template <>
std::vector<std::string> example() {
  return std::vector<std::string>(100, "twelve bytes");
}
template <>
std::map<std::string, std::int64_t> example() {
  return {{"one", 1}, {"two", 2}, {"three", 3}};
}

template <class T>
void encodeValue(benchmark::State& state) {
  const T value = example<T>();
  for (auto _ : state) {
    capnp::MallocMessageBuilder message(static_cast<capnp::uint>(phial::encodedWords(value) + 1));
    phial::encode(value, message.initRoot<phial::schema::Value>());
    benchmark::DoNotOptimize(message);
  }
}

template <class T>
void decodeValue(benchmark::State& state) {
  capnp::MallocMessageBuilder message;
  phial::encode(example<T>(), message.initRoot<phial::schema::Value>());
  const auto value = message.getRoot<phial::schema::Value>().asReader();
  for (auto _ : state) benchmark::DoNotOptimize(phial::decode<T>(value));
}

using Strings = std::vector<std::string>;
using Doubles = std::vector<double>;
using Map = std::map<std::string, std::int64_t>;

BENCHMARK(encodeValue<std::int64_t>)->Name("encode/int64");
BENCHMARK(encodeValue<std::string>)->Name("encode/string");
BENCHMARK(encodeValue<Point>)->Name("encode/aggregate");
BENCHMARK(encodeValue<Doubles>)->Name("encode/1000 doubles");
BENCHMARK(encodeValue<Strings>)->Name("encode/100 strings");
BENCHMARK(encodeValue<Map>)->Name("encode/map of 3");
BENCHMARK(decodeValue<std::int64_t>)->Name("decode/int64");
BENCHMARK(decodeValue<std::string>)->Name("decode/string");
BENCHMARK(decodeValue<Point>)->Name("decode/aggregate");
BENCHMARK(decodeValue<Doubles>)->Name("decode/1000 doubles");
BENCHMARK(decodeValue<Strings>)->Name("decode/100 strings");
BENCHMARK(decodeValue<Map>)->Name("decode/map of 3");

}  // namespace
