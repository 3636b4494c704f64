// Reads a range, a chunk at a time. Part of the templates of map.h; nothing here is for users.
#pragma once

#include <phial/master/detail/chunk_flow.h>
#include <phial/master/detail/submit.h>
#include <phial/protocol/chunk.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/value_weight.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// How many bytes of a message a chunk should need at most: as much as one turn of the loop can
/// read or write. Numbers are copied in one piece; other elements are visited one by one, so their
/// limit is lower.
template <class T>
inline constexpr std::uint64_t kChunkBytes =
    PackedNumber<T> || std::is_same_v<T, bool> ? std::uint64_t{1} << 19 : std::uint64_t{1} << 18;

/// The form in which a map keeps a range: the range itself, or a vector of the elements of an array
/// or initializer list.
template <class Range>
struct Keeping {
  using Type = Range;
};
template <class T, std::size_t N>
struct Keeping<T[N]> {
  using Type = std::vector<std::remove_cv_t<T>>;
};
template <class T>
struct Keeping<std::initializer_list<T>> {
  using Type = std::vector<T>;
};
template <class Range>
using Kept = typename Keeping<std::remove_cvref_t<Range>>::Type;

template <class Range>
Kept<Range> keepRange(Range&& range) {
  if constexpr (std::is_lvalue_reference_v<Range> && kOneBlock<Kept<Range>>) {
    return filledFrom<Kept<Range>>(range);
  } else if constexpr (std::is_same_v<Kept<Range>, std::remove_cvref_t<Range>>) {
    return Kept<Range>(std::forward<Range>(range));
  } else {
    return Kept<Range>(std::begin(range), std::end(range));
  }
}

/// True if elements of type Item (a reference for an lvalue) can be given to a function of this
/// signature; otherwise a static_assert says why not.
template <class Item, class Signature>
struct CheckElement;
template <class Item, class R, class P>
struct CheckElement<Item, R(P)> {
  static consteval bool check() { return checkArgument<1, Item, P>(); }
};
template <class Item, class R, class... P>
struct CheckElement<Item, R(P...)> {
  static consteval bool check() {
    constexpr bool kParts = requires { std::tuple_size<std::remove_cvref_t<Item>>::value; };
    static_assert(kParts,
                  "map: the function has several parameters, so that each element has to be a "
                  "std::tuple or std::pair of arguments.");
    if constexpr (kParts) {
      constexpr bool kCount = std::tuple_size_v<std::remove_cvref_t<Item>> == sizeof...(P);
      static_assert(kCount,
                    "map: the elements have another number of parts than the function has "
                    "parameters.");
      if constexpr (kCount) return checkParts(std::index_sequence_for<P...>());
    }
    return false;
  }

 private:
  template <std::size_t... I>
  static consteval bool checkParts(std::index_sequence<I...>) {
    return (checkArgument<I + 1, decltype(std::get<I>(std::declval<Item>())), P>() & ... & true);
  }
};

/// Returns an element in the form in which a job keeps it for the parameter or parameters of
/// `function`. Throws as convertArgument() does.
template <class Signature, class Item>
typename ElementOf<Signature>::Type keepElement(std::string_view function, Item&& item) {
  return [&]<class R, class... P>(std::type_identity<R(P...)>) {
    if constexpr (sizeof...(P) == 1) {
      return convertArgument<P...>({function, 1}, std::forward<Item>(item));
    } else {
      return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::tuple<Stored<P>...>(
            convertArgument<P>({function, I + 1}, std::get<I>(std::forward<Item>(item)))...);
      }(std::index_sequence_for<P...>());
    }
  }(std::type_identity<Signature>());
}

template <class Signature, class Range>
class RangeSource final : public ElementSource {
 public:
  using E = typename ElementOf<Signature>::Type;
  // If a container was given away, its elements are moved out. A view may refer to somebody else's
  // elements.
  static constexpr bool kGives =
      !std::ranges::view<Range> &&
      std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>> &&
      !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Range>>>;
  /// The form in which an element is given to the function.
  using Item =
      std::conditional_t<kGives, std::remove_reference_t<std::ranges::range_reference_t<Range>>&&,
                         std::ranges::range_reference_t<Range>>;

  /// `function` is named in errors; its text must live as long as the program.
  RangeSource(std::string_view function, Range range)
      : function_(function), range_(std::move(range)) {}
  ~RangeSource() override {
    if constexpr (Droppable<Range>) {
      dropAside(range_);
    } else if constexpr (kOneBlock<Range> && std::is_same_v<std::ranges::range_value_t<Range>, E>) {
      freeAside(range_);
    }
  }
  RangeSource(const RangeSource&) = delete;  // iterators point into it
  RangeSource& operator=(const RangeSource&) = delete;

  ChunkElements read(std::size_t count) override {
    Store<E> elements = readSome(count);
    const std::size_t size = elements.size();
    if (size == 0) return {};
    if constexpr (PackedNumber<E>) {
      return {std::make_shared<Store<E>>(std::move(elements)), 0, size};
    } else {
      return {shareFreedAside(std::move(elements)), 0, size};
    }
  }

  std::optional<std::size_t> left() const override {
    if (!size_) return std::nullopt;
    const std::size_t untold = unfit_ ? 1 : 0;
    return *size_ > taken_ ? *size_ - taken_ + untold : untold;
  }

 private:
  Store<E> readSome(std::size_t count) {
    if (unfit_) throw UnfitElement{*std::exchange(unfit_, std::nullopt)};
    if (!at_) begin();
    Store<E> elements;
    if constexpr (requires { elements.reserve(count); }) elements.reserve(roomFor(count));
    std::uint64_t bytes = 0;
    while (elements.size() < count && bytes < kChunkBytes<E> && *at_ != *end_) {
      const bool fits = takeInto(elements);
      ++*at_;
      ++taken_;
      if (!fits) break;
      bytes += bytesOf(elements.back());
    }
    if (unfit_ && elements.empty()) throw UnfitElement{*std::exchange(unfit_, std::nullopt)};
    return elements;
  }

  using Iterator = std::ranges::iterator_t<Range>;
  void begin() {
    if constexpr (std::ranges::sized_range<Range>) {
      size_ = static_cast<std::size_t>(std::ranges::size(range_));
    }
    at_.emplace(std::ranges::begin(range_));
    end_.emplace(std::ranges::end(range_));
  }

  bool takeInto(Store<E>& elements) {
    try {
      elements.push_back(take());
      return true;
    } catch (const EncodingError&) {
      unfit_ = Failure::current();
      return false;
    }
  }

  E take() {
    if constexpr (kGives) {
      return keepElement<Signature>(function_, std::move(**at_));
    } else {
      return keepElement<Signature>(function_, **at_);
    }
  }

  std::size_t roomFor(std::size_t count) const {
    const std::size_t most = left().value_or(1024);
    return std::min({count, most, static_cast<std::size_t>(kChunkBytes<E> / sizeof(E) + 1)});
  }

  static std::uint64_t bytesOf(const E& element) {
    if constexpr (PackedNumber<E> || std::is_same_v<E, bool>) {
      return sizeof(E);
    } else {
      try {
        return encodedWords(element) * sizeof(std::uint64_t);
      } catch (const EncodingError&) {
        return kChunkBytes<E>;  // the job will report it
      }
    }
  }

  const std::string_view function_;
  Range range_;
  std::optional<Iterator> at_;
  std::optional<std::ranges::sentinel_t<Range>> end_;
  std::optional<std::size_t> size_;
  std::size_t taken_ = 0;
  std::optional<Failure> unfit_;  // of the element before at_, thrown by the next read()
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
