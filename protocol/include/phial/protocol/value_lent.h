// Parameters that are read where they lie in the message.
#pragma once

#include <kj/exception.h>
#include <phial/protocol/value_argument.h>

#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace phial::detail {

/// Elements of a span that a message can hold as they lie in memory.
template <class T>
concept Lendable = ByteLike<T> || PackedNumber<T>;

/// What a call holds for a std::span<const T>: the numbers where they lie in the message, or a copy
/// of those that do not lie there in one piece. Borrows the message. Moving keeps span() valid.
template <Lendable T>
class LentSpan {
 public:
  /// Throws EncodingError as decode<std::vector<T>> does.
  explicit LentSpan(schema::Value::Reader value) try {
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
  } catch (const kj::Exception& exception) {
    throwEncoding(exception);
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

/// What a call holds for a parameter declared as P, from its decoding until its end.
template <class P>
using Decoded = typename DecodedAs<std::remove_cvref_t<P>>::type;

/// Whether it refers to the message.
template <class P>
inline constexpr bool kLent = DecodedAs<std::remove_cvref_t<P>>::kLent;

/// Passes it to the parameter, for one call.
template <class P>
decltype(auto) decodedAsParameter(Decoded<P>& decoded) {
  if constexpr (kLent<P>) {
    return decoded.span();
  } else {
    return asParameter<P>(decoded);
  }
}

}  // namespace phial::detail
