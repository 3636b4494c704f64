#include "jobs.h"

namespace values {
namespace {

std::string text(std::size_t number) {
  return "a text that is on the heap: " + std::to_string(number);
}

}  // namespace

template <>
Strings make<Strings>(std::size_t strings) {
  Strings made;
  made.reserve(strings);
  for (std::size_t i = 0; i < strings; ++i) made.push_back(text(i));
  return made;
}
template <>
Map make<Map>(std::size_t strings) {
  Map made;
  for (std::size_t i = 0; i < strings / 2; ++i) made.emplace(text(i), text(i + 1));
  return made;
}
template <>
Struct make<Struct>(std::size_t strings) {
  const auto part = make<Strings>(strings / 4);
  return {part, std::vector<Strings>(2, make<Strings>(strings / 8)), part, {1.5, part}};
}
template <>
Notings make<Notings>(std::size_t count) {
  Notings made(count);
  for (std::size_t i = 0; i < count; ++i) made[i].number = static_cast<std::int64_t>(i);
  return made;
}

std::string greet(const std::string& name) { return "hello to " + name + ", from a worker"; }

}  // namespace values
