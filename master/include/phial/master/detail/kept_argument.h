// The form in which a job keeps its arguments, from submission until it has settled. Part of the
// templates of submit.h; nothing here is for users.
//
//   the caller gives                          the job keeps
//
//   numbers, for a vector or a span           KeptNumbers: the vector, if it was given away;
//                                             otherwise a copy, in warm memory if it is large
//   std::shared_ptr of the type that the      the pointer: no copy at all
//     job would otherwise keep
//   anything else                             Stored<Param>
#pragma once

#include <phial/protocol/argument_conversion.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/value.h>
#include <phial/protocol/value_lent.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class Runner;

/// As Runner::takeMemory.
std::shared_ptr<std::byte> takeMemory(Runner& runner, std::size_t bytes);

/// Numbers that travel as a std::vector<T> does.
template <Lendable T>
class KeptNumbers {
 public:
  explicit KeptNumbers(std::vector<T> numbers) : kept_(std::move(numbers)) {}
  /// Copies the numbers.
  KeptNumbers(Runner& runner, std::span<const T> numbers) {
    using Word = std::uint64_t;
    const std::size_t words = wordsForBytes(numbers.size_bytes());
    std::shared_ptr<Word> memory;
    if (numbers.size_bytes() < kLargeBytes) {
      auto block = std::make_shared_for_overwrite<Word[]>(words);
      memory = {block, block.get()};
    } else {
      auto block = takeMemory(runner, words * sizeof(Word));
      memory = {block, reinterpret_cast<Word*>(block.get())};
    }
    if (words > 0) memory.get()[words - 1] = 0;  // the tail is padded
    if (words > 0) std::memcpy(memory.get(), numbers.data(), numbers.size_bytes());
    const std::span copy(reinterpret_cast<const T*>(memory.get()), numbers.size());
    kept_ = Copy{std::move(memory), copy};
  }
  KeptNumbers(KeptNumbers&&) = default;
  KeptNumbers& operator=(KeptNumbers&&) = delete;
  ~KeptNumbers() {
    if (auto* own = std::get_if<std::vector<T>>(&kept_)) dropAside(*own);
  }

  std::uint64_t words() const { return SequenceCodec<T>::words(numbers()); }
  void encode(ValueWriter to) const {
    const bool copied = std::holds_alternative<Copy>(kept_);
    SequenceCodec<T>::write(numbers(), to, copied ? Tail::padded : Tail::unknown);
  }

 private:
  struct Copy {
    std::shared_ptr<const void> memory;
    std::span<const T> numbers;
  };

  std::span<const T> numbers() const {
    if (const auto* copy = std::get_if<Copy>(&kept_)) return copy->numbers;
    return std::get<std::vector<T>>(kept_);
  }

  std::variant<std::vector<T>, Copy> kept_;
};

template <class T>
struct KeptAs {
  using type = T;
};
template <Lendable T>
struct KeptAs<std::vector<T>> {
  using type = KeptNumbers<T>;
};

/// The parameter type for an argument when no function's signature is known.
template <class A>
struct ParameterForA {
  using type = A;
};
template <class T>
struct ParameterForA<std::shared_ptr<T>> {
  using type = std::remove_const_t<T>;
};
template <class A>
using ParameterFor = typename ParameterForA<std::decay_t<A>>::type;

/// The form in which an A is kept for a parameter that is stored as S.
template <class S, class A>
using KeptArgument = std::conditional_t<kShares<std::remove_cvref_t<A>, S>,
                                        std::shared_ptr<const S>, typename KeptAs<S>::type>;

/// A range whose elements lie in memory like those of a vector of numbers.
template <class A, class T>
concept NumbersInARow = std::ranges::contiguous_range<A> && std::ranges::sized_range<A> &&
                        std::is_same_v<std::ranges::range_value_t<A>, T>;

/// Keeps an argument for the parameter P. Throws as convertArgument() does.
template <class P, class A>
KeptArgument<Stored<P>, A> keepArgument(Runner& runner, const ArgumentPlace& place, A&& argument) {
  using Taken = Stored<P>;
  using Result = KeptArgument<Taken, A>;
  if constexpr (std::is_same_v<Result, Taken>) {
    return convertArgument<P>(place, std::forward<A>(argument));
  } else if constexpr (kShares<std::remove_cvref_t<A>, Taken>) {
    return std::forward<A>(argument);
  } else if constexpr (NumbersInARow<A, typename Taken::value_type> && !std::is_same_v<A, Taken>) {
    return Result(runner, {std::ranges::data(argument), std::ranges::size(argument)});
  } else {
    return Result(convertArgument<P>(place, std::forward<A>(argument)));
  }
}

// How kept arguments are measured and written.

template <class T>
std::uint64_t keptWords(const T& argument) {
  return encodedWords(argument);
}
template <class T>
std::uint64_t keptWords(const KeptNumbers<T>& argument) {
  return argument.words();
}
template <class T>
std::uint64_t keptWords(const std::shared_ptr<const T>& argument) {
  if (!argument) throwEncoding("an argument is a null pointer");
  return encodedWords(*argument);
}

template <class T>
void encodeKept(const T& argument, ValueWriter to) {
  encode(argument, to);
}
template <class T>
void encodeKept(const KeptNumbers<T>& argument, ValueWriter to) {
  argument.encode(to);
}
template <class T>
void encodeKept(const std::shared_ptr<const T>& argument, ValueWriter to) {
  encode(*argument, to);
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
