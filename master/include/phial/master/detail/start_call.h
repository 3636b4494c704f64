// The call that each worker makes before its first job. Part of the templates of start_with.h;
// nothing here is for users.
#pragma once

#include <phial/master/detail/job.h>
#include <phial/master/detail/kept_argument.h>
#include <phial/protocol/argument_conversion.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// A function and its arguments, without their types. Written once for each worker.
class StartCall {
 public:
  explicit StartCall(const FunctionName& function) : function_(function) {}
  virtual ~StartCall() = default;
  StartCall(const StartCall&) = delete;
  StartCall& operator=(const StartCall&) = delete;

  const FunctionName& function() const { return function_; }
  virtual unsigned argumentCount() const = 0;
  /// Throws EncodingError, or what a codec of the program's throws.
  virtual void encodeArguments(ListWriter to) const = 0;

 private:
  const FunctionName function_;
};

template <class... Kept>
class StartCallOf final : public StartCall {
 public:
  StartCallOf(const FunctionName& function, std::tuple<Kept...> arguments)
      : StartCall(function), arguments_(std::move(arguments)) {}

  unsigned argumentCount() const override { return sizeof...(Kept); }
  void encodeArguments([[maybe_unused]] ListWriter to) const override {
    std::apply(
        [&to](const auto&... argument) {
          [[maybe_unused]] unsigned i = 0;
          (encodeKept(argument, to[i++]), ...);
        },
        arguments_);
  }

 private:
  const std::tuple<Kept...> arguments_;
};

/// The form in which an A is kept for the parameter P: there is no pool yet whose memory could hold
/// it, so numbers stay in their vector.
template <class P, class A>
using StartArgument = std::conditional_t<kShares<std::remove_cvref_t<A>, Stored<P>>,
                                         std::shared_ptr<const Stored<P>>, Stored<P>>;

template <class P, class A>
StartArgument<P, A> startArgument(const ArgumentPlace& place, A&& argument) {
  if constexpr (kShares<std::remove_cvref_t<A>, Stored<P>>) {
    if (!argument) throwEncoding("an argument is a null pointer");
    return std::forward<A>(argument);
  } else {
    return convertArgument<P>(place, std::forward<A>(argument));
  }
}

template <class Signature>
struct StartCallFor;
template <class R, class... P>
struct StartCallFor<R(P...)> {
  template <std::size_t... I, class... A>
  static std::shared_ptr<const StartCall> make(const FunctionName& function,
                                               std::index_sequence<I...>, A&&... arguments) {
    return std::make_shared<StartCallOf<StartArgument<P, A>...>>(
        function, std::tuple<StartArgument<P, A>...>(
                      startArgument<P>({function.name, I + 1}, std::forward<A>(arguments))...));
  }
};

template <class Signature, class... A>
std::shared_ptr<const StartCall> makeStartCall(const FunctionName& function, A&&... arguments) {
  return StartCallFor<Signature>::make(function, std::index_sequence_for<A...>(),
                                       std::forward<A>(arguments)...);
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
