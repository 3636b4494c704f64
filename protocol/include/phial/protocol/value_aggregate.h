// The codec of plain aggregates: a struct without constructors, bases or private members travels as
// the list of its fields, in the order of their declaration.
#pragma once

#include <phial/protocol/value_codec.h>

#include <boost/pfr/core.hpp>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <class T>
  requires(std::is_class_v<T> && std::is_aggregate_v<T> && !Converted<T>)
struct Codec<T> {
  using OfPhial = T;
  using Aggregate = T;

  static std::uint64_t words(const T& value) {
    const detail::Nesting nesting;
    return eachField([&]<std::size_t... I>(std::index_sequence<I...>) {
      return (detail::kListWords + ... + detail::valueWords(boost::pfr::get<I>(value)));
    });
  }
  static void write(const T& value, ValueWriter to) {
    const detail::Nesting nesting;
    eachField([&]<std::size_t... I>(std::index_sequence<I...>) {
      [[maybe_unused]] auto list = to.initList(sizeof...(I));
      (detail::encodeValue(boost::pfr::get<I>(value), list[I]), ...);
    });
  }
  static T read(ValueReader value) {
    const detail::Nesting nesting;
    return eachField([&]<std::size_t... I>(std::index_sequence<I...>) {
      [[maybe_unused]] const auto list = detail::listOf(value, sizeof...(I), "fields");
      return T{
          detail::decodeValue<std::remove_cv_t<boost::pfr::tuple_element_t<I, T>>>(list[I])...};
    });
  }

 private:
  static decltype(auto) eachField(auto f) {
    return f(std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
  }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
