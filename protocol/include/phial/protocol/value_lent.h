// Parameters that are read in place, in the message.
#pragma once

#include <phial/protocol/value_argument.h>

#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Elements of a span whose form in a message is their form in memory.
template <class T>
concept Lendable = ByteLike<T> || PackedNumber<T>;

/// Holds the argument for a parameter std::span<const T>: the numbers in the message, or a copy
/// when they do not lie there in one piece. Borrows the message. Moving keeps span() valid.
template <Lendable T>
class LentSpan {
 public:
  /// Throws EncodingError as decode<std::vector<T>> does.
  explicit LentSpan(ValueReader value) try {
    if (!value.isList()) {
      const auto chunks = SequenceCodec<T>::chunks(value);
      const auto whole = chunks.whole();
      if (whole.size() == chunks.bytes()) {
        span_ = {reinterpret_cast<const T*>(whole.data()), whole.size() / sizeof(T)};
        return;
      }
    }
    const Nesting nesting;
    copy_ = decodeValue<std::vector<T>>(value);
    span_ = copy_;
  } catch (...) {
    throwMalformed();
  }
  LentSpan(LentSpan&&) = default;
  LentSpan& operator=(LentSpan&&) = delete;

  std::span<const T> span() const { return span_; }

 private:
  std::vector<T> copy_;
  std::span<const T> span_;
};

template <class P>
struct DecodedAs {
  using type = Stored<P>;
  static constexpr bool kLent = false;
};
template <Lendable T>
struct DecodedAs<std::span<const T>> {
  using type = LentSpan<T>;
  static constexpr bool kLent = true;
};

/// The type that holds the argument of a parameter declared as P, from its decoding to the end of
/// the call.
template <class P>
using Decoded = typename DecodedAs<std::remove_cvref_t<P>>::type;

/// True if this type refers to the message.
template <class P>
inline constexpr bool kLent = DecodedAs<std::remove_cvref_t<P>>::kLent;

/// Passes the argument to the parameter, for one call.
template <class P>
decltype(auto) decodedAsParameter(Decoded<P>& decoded) {
  if constexpr (kLent<P>) {
    return decoded.span();
  } else {
    return asParameter<P>(decoded);
  }
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
