// Calls a function whose arguments arrive as values and whose result leaves as a value.
//
// A call has three steps, so that the caller can tell which step failed and how long the function
// itself took: prepare() decodes the arguments, run() calls the function, encodeResult() encodes
// the result.
//
// Thread rule: one thread at a time. Life: a PreparedCall borrows the function of its handler.
#pragma once

#include <phial/protocol/emit.h>
#include <phial/protocol/function_traits.h>
#include <phial/protocol/large_memory.h>
#include <phial/protocol/value.h>
#include <phial/protocol/value_lent.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// One call, with its arguments decoded. It owns them, except as borrows() says.
class PreparedCall {
 public:
  virtual ~PreparedCall() = default;

  /// True if run() reads the message in which the arguments came: a std::span<const T> of numbers
  /// is passed to the function where it lies in the message. The message is needed only until run()
  /// has returned.
  virtual bool borrows() const = 0;

  /// Calls the function, then destroys its arguments and keeps its result. Lets out what the
  /// function throws. REQUIRES: not called before.
  virtual void run() = 0;

  /// An upper bound of the message words that the result takes, as encodedWords. REQUIRES: run()
  /// has returned.
  virtual std::uint64_t resultWords() const = 0;

  /// Writes the result; void for a function without a result. Throws EncodingError when a message
  /// cannot hold it. REQUIRES: run() has returned.
  virtual void encodeResult(ValueWriter to) const = 0;
};

/// A function, without its type.
class FunctionHandler {
 public:
  virtual ~FunctionHandler() = default;

  /// Decodes the arguments. Throws EncodingError, naming the argument, when the function does not
  /// take them, and UnknownFunction when the function is ambiguous.
  virtual std::unique_ptr<PreparedCall> prepare(ListReader arguments) = 0;
};

namespace detail {

/// Throws EncodingError, such as "isPrime takes 1 argument, 2 were given", when the counts differ.
void requireArgumentCount(const std::string& function, std::size_t takes, std::size_t given);

[[noreturn]] void throwArgument(const std::string& function, std::size_t index,
                                const EncodingError& error);

template <class A>
Decoded<A> decodeGiven(const std::string& function, ListReader arguments, std::size_t index) {
  try {
    const auto argument = arguments[index];
    if constexpr (kLent<A>) {
      return Decoded<A>(argument);
    } else {
      return decode<Stored<A>>(argument);
    }
  } catch (const EncodingError& error) {
    throwArgument(function, index, error);
  }
}

/// An Emit is the last parameter, so the indices of the others are those of the arguments.
template <class A>
Decoded<A> decodeArgument(const std::string& function, ListReader arguments, std::size_t index) {
  if constexpr (kEmit<A>) {
    return Decoded<A>(itemGateOfThisJob(function));
  } else {
    return decodeGiven<A>(function, arguments, index);
  }
}

/// Makes the owning form of a result, before the arguments from which it may borrow are destroyed.
template <class R>
Stored<R> storeResult(R&& result) {
  using Plain = std::remove_cvref_t<R>;
  constexpr bool kCopies = std::is_lvalue_reference_v<R> || !std::is_same_v<Plain, Stored<R>>;
  if constexpr (kCopies && kOneBlock<Stored<R>> && !std::is_pointer_v<Plain>) {
    return filledFrom<Stored<R>>(result);
  } else if constexpr (requires { Stored<R>(std::forward<R>(result)); }) {
    return Stored<R>(std::forward<R>(result));
  } else {
    Stored<R> copy;
    std::copy(result.begin(), result.end(), copy.begin());
    return copy;
  }
}

template <class Callable, class Signature>
class TypedCall;

template <class Callable, class R, class... A>
class TypedCall<Callable, R(A...)> final : public PreparedCall {
 public:
  using Arguments = std::tuple<Decoded<A>...>;

  TypedCall(Callable& callable, Arguments arguments)
      : callable_(callable), arguments_(std::move(arguments)) {}

  bool borrows() const override { return (kLent<A> || ...); }

  void run() override { runWith(std::index_sequence_for<A...>()); }

  std::uint64_t resultWords() const override { return encodedWords(*result_); }

  void encodeResult(ValueWriter to) const override { encode(*result_, to); }

 private:
  static constexpr bool kVoid = std::is_void_v<R>;
  using Result = std::conditional_t<kVoid, std::monostate, Stored<R>>;

  template <std::size_t... I>
  void runWith(std::index_sequence<I...>) {
    if constexpr (kVoid) {
      callable_(decodedAsParameter<A>(std::get<I>(*arguments_))...);
      result_.emplace();
    } else {
      result_.emplace(
          storeResult<R>(callable_(decodedAsParameter<A>(std::get<I>(*arguments_))...)));
    }
    arguments_.reset();
  }

  Callable& callable_;
  std::optional<Arguments> arguments_;
  std::optional<Result> result_;
};

template <class Callable, class Signature>
class TypedHandler;

template <class Callable, class R, class... A>
class TypedHandler<Callable, R(A...)> final : public FunctionHandler {
 public:
  /// `name` is used in errors.
  TypedHandler(std::string name, Callable callable)
      : name_(std::move(name)), callable_(std::move(callable)) {}

  std::unique_ptr<PreparedCall> prepare(ListReader arguments) override {
    requireArgumentCount(name_, kGivenArguments<A...>, arguments.size());
    return prepareWith(arguments, std::index_sequence_for<A...>());
  }

 private:
  using Call = TypedCall<Callable, R(A...)>;

  template <std::size_t... I>
  std::unique_ptr<PreparedCall> prepareWith([[maybe_unused]] ListReader arguments,
                                            std::index_sequence<I...>) {
    return std::unique_ptr<PreparedCall>(
        new Call(callable_, typename Call::Arguments{decodeArgument<A>(name_, arguments, I)...}));
  }

  std::string name_;
  Callable callable_;
};

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
