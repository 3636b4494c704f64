// The name and type of a function that neither end has to link.
//
//   // in a header that both programs include
//   inline constexpr phial::Function<Image(std::string)> kRender{"studio.render"};
//
//   worker.add<kRender>(render);                     // in the worker: anything callable as
//   Image(std::string) pool.deferToProcess<kRender>("scene.xml");       // in the master: a
//   Deferred<Image>
#pragma once

#include <phial/protocol/function_traits.h>

#include <cstddef>
#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <class Signature>
struct Function {
  static_assert(
      sizeof(Signature*) == 0,
      "phial::Function takes the type of a function: phial::Function<Image(std::string)>");
};

/// A function of type R(P...) that workers register under a name of the program's choice. The name
/// may have up to kMostBytes bytes, and is not empty; a longer one does not compile. The members
/// are public because the object is used as a template argument.
template <class R, class... P>
struct Function<R(P...)> {
  static constexpr std::size_t kMostBytes = 127;

  template <std::size_t size>
  consteval Function(const char (&name)[size]) {  // NOLINT: a name is written as text
    static_assert(size > 1, "phial::Function needs a name");
    static_assert(size <= kMostBytes + 1, "phial::Function: the name has more than 127 bytes");
    for (std::size_t i = 0; i < size; ++i) text[i] = name[i];
  }

  constexpr std::string_view name() const { return text; }

  char text[kMostBytes + 1] = {};
};

// A template argument of class type is const to g++, and not const to clang.
template <class Signature>
struct FunctionTraits<Function<Signature>> : FunctionTraits<Signature> {};
template <class Signature>
struct FunctionTraits<const Function<Signature>> : FunctionTraits<Signature> {};

namespace detail {

template <class T>
inline constexpr bool kNamedFunction = false;
template <class Signature>
inline constexpr bool kNamedFunction<Function<Signature>> = true;
template <class Signature>
inline constexpr bool kNamedFunction<const Function<Signature>> = true;

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
