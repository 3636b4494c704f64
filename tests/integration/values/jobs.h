// Values of every shape, and what the workers of these tests do with them.
#pragma once

#include <phial/protocol/value.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <variant>
#include <vector>

namespace values {

using Strings = std::vector<std::string>;
using Map = std::map<std::string, std::string>;
struct Struct {
  Strings first;
  std::optional<std::vector<Strings>> second;
  std::variant<int, Strings> third;
  std::tuple<double, Strings> fourth;
  bool operator==(const Struct&) const = default;
};

/// A number that notes who reads and writes it.
struct Noting {
  std::int64_t number = 0;
  bool operator==(const Noting&) const = default;
};
using Notings = std::vector<Noting>;
struct Noted {
  std::size_t count = 0;
  bool elsewhere = false;  // on another thread than this, ever
  std::thread::id loop;
  void add() {
    ++count;
    elsewhere = elsewhere || std::this_thread::get_id() != loop;
  }
};
inline Noted noted;

/// So many strings in all, each an allocation.
template <class T>
T make(std::size_t strings);

/// The same, made in a worker.
template <class T>
T produce(std::size_t strings) {
  return make<T>(strings);
}
/// Whether it is what make() makes.
template <class T>
bool isWhole(const T& value, std::size_t strings) {
  return value == make<T>(strings);
}

std::string greet(const std::string& name);

}  // namespace values

template <>
struct phial::Codec<values::Noting> {
  static std::uint64_t words(const values::Noting& value) { return encodedWords(value.number); }
  static void write(const values::Noting& value, ValueWriter to) {
    values::noted.add();
    phial::encode(value.number, to);
  }
  static values::Noting read(ValueReader value) {
    values::noted.add();
    return {phial::decode<std::int64_t>(value)};
  }
};
