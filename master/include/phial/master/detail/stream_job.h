// The job behind a Stream, and the checks of its function. Part of the templates of stream.h;
// nothing here is for users.
#pragma once

#include <phial/master/detail/item_stream.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/submit.h>
#include <phial/protocol/emit.h>
#include <phial/protocol/function_traits.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

struct PoolLink;

/// What a function that takes an Emit is called with, and what it emits. For one that takes none,
/// something that lets the call compile: an error has said what is wrong.
template <class F>
struct StreamOf {
  using Item = std::monostate;
};
template <PlainCallable F>
struct StreamOf<F> : StreamOf<typename FunctionTraits<F>::Signature> {};

template <class Parameters, std::size_t... I>
consteval auto argumentsWithoutLast(std::index_sequence<I...>)
    -> ArgumentsOf<void(std::tuple_element_t<I, Parameters>...)>;

template <class R>
struct StreamOf<R()> {
  using Item = std::monostate;
  static constexpr bool kEmitLast = false;
};
template <class R, class... P>
struct StreamOf<R(P...)> {
  using Last = std::remove_cvref_t<std::tuple_element_t<sizeof...(P) - 1, std::tuple<P...>>>;
  static constexpr bool kEmitLast = kEmit<Last> && kGivenArguments<P...> == sizeof...(P) - 1;

  template <class E>
  struct ItemOf {
    using Type = std::monostate;
  };
  template <class T>
  struct ItemOf<Emit<T>> {
    using Type = T;
  };
  using Item = typename ItemOf<Last>::Type;
  using Arguments = decltype(argumentsWithoutLast<std::tuple<P...>>(
      std::make_index_sequence<sizeof...(P) - 1>()));
};

/// True if an argument for P can be sent. An Emit is not looked into.
template <class P>
consteval bool argumentTravels() {
  if constexpr (kEmit<P>) {
    return true;
  } else {
    return Transferable<Stored<P>>;
  }
}

template <class Signature>
struct CheckStream;
template <class R, class... P>
struct CheckStream<R(P...)> {
  static consteval bool check() {
    constexpr bool kAny = (kEmit<P> || ...);
    constexpr bool kLast = StreamOf<R(P...)>::kEmitLast;
    using Item = typename StreamOf<R(P...)>::Item;
    constexpr bool kOwns = !kLast || std::is_same_v<Item, Stored<Item>>;
    constexpr bool kItem = !kLast || !kOwns || Transferable<Item>;
    constexpr bool kArguments = (argumentTravels<P>() && ...);
    static_assert(kAny,
                  "stream<f>(args...) needs a function that emits: its last parameter is a "
                  "phial::Emit<T>. A function that returns its result is called by "
                  "deferToProcess<f>(args...).");
    static_assert(
        !kAny || kLast,
        "a function that is called by stream<f>(args...) takes one phial::Emit<T>, as its "
        "last parameter.");
    static_assert(!kAny || std::is_void_v<R>,
                  "a function that is called by stream<f>(args...) returns nothing: nobody would "
                  "get its value. Emit it as the last item.");
    static_assert(kOwns,
                  "phial::Emit<T>: T is the type that the consumer gets, so it must own what it "
                  "holds: std::string, not std::string_view; std::vector, not std::span.");
    static_assert(kItem,
                  "the items of this function are of a type that Phial cannot send to another "
                  "process. Emit a type that <phial/protocol/value.h> lists, or specialise "
                  "phial::Codec for it.");
    static_assert(kArguments,
                  "a parameter of this function is of a type that Phial cannot send to another "
                  "process. Take a type that <phial/protocol/value.h> lists, or specialise "
                  "phial::Codec for it.");
    return kLast && std::is_void_v<R> && kOwns && kItem && kArguments;
  }
};

/// Reports one error for a function that cannot be called as a stream.
template <class F>
consteval bool checkStream() {
  constexpr bool kFits = !std::is_member_pointer_v<F> && PlainCallable<F>;
  static_assert(kFits, "stream<f>(args...) needs the name of a free or static function as f.");
  if constexpr (kFits) {
    return CheckStream<typename FunctionTraits<F>::Signature>::check();
  } else {
    return false;
  }
}

/// A function that emits, and where its items go.
struct EmittingFunction {
  const FunctionName& name;
  std::shared_ptr<ItemStream> items;
};
inline std::string_view nameIn(const EmittingFunction& function) { return function.name.name; }

/// A job whose result is its end; its items go to an ItemStream.
template <class R, class... Args>
class StreamJob final : public TypedJob<R, Args...> {
 public:
  StreamJob(Job::Ticket ticket, Ref<CallOptions> options, const EmittingFunction& function,
            std::tuple<Args...> arguments)
      : TypedJob<R, Args...>(ticket, std::move(options), function.name, std::move(arguments)),
        items_(function.items) {}

  ItemStream* stream() const noexcept override { return items_.get(); }

 private:
  const std::shared_ptr<ItemStream> items_;
};

/// Makes the stream of a call. It has failed when `link` has no pool any more.
std::shared_ptr<ItemStream> newStream(const PoolLink& link);
Runner* runnerOf(const PoolLink& link);

/// Submits a job that calls `function`, whose name must live as long as the program, with the
/// arguments that `keep(runner)` returns as a tuple.
template <class Keep>
std::shared_ptr<ItemStream> beginStream(const PoolLink& link, const Ref<CallOptions>& options,
                                        const FunctionName& function, Keep keep) {
  auto items = newStream(link);
  if (Runner* const runner = runnerOf(link)) {
    items->follow(submitNew<void, StreamJob>(*runner, options, EmittingFunction{function, items},
                                             [&] { return keep(*runner); }));
  }
  return items;
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
