// The job that calls a function for each element of a chunk: the worker's half of a map.
//
// The job is a template of the user's function. It is linked and found as the function itself is,
// under the name "map of isPrime". Nothing here is for users.
#pragma once

#include <phial/protocol/chunk_value.h>
#include <phial/protocol/function_table.h>
#include <phial/protocol/job_scope.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Calls a function of this type with one element. The element is the only argument, or a tuple of
/// all arguments.
template <class Signature>
struct ElementOf;

template <class R, class P>
struct ElementOf<R(P)> {
  using Type = Stored<P>;
  template <class F>
  static R call(F& function, Type& element) {
    return function(asParameter<P>(element));
  }
};

template <class R, class P, class... More>
  requires(sizeof...(More) > 0)
struct ElementOf<R(P, More...)> {
  using Type = std::tuple<Stored<P>, Stored<More>...>;
  template <class F>
  static R call(F& function, Type& element) {
    return std::apply(
        [&](Stored<P>& first, Stored<More>&... more) -> R {
          return function(asParameter<P>(first), asParameter<More>(more)...);
        },
        element);
  }
};

/// Functions that can be mapped: those with at least one parameter, and none that emits.
template <auto function>
concept Mappable = !kEmits<typename FunctionTraits<decltype(function)>::Signature> && requires {
  sizeof(ElementOf<typename FunctionTraits<decltype(function)>::Signature>);
};

/// The types of a map of `function`.
template <auto function>
struct Mapped {
  static_assert(Mappable<function>,
                "Only a function that takes an argument can be mapped: each element is one.");
  using Calling = ElementOf<typename FunctionTraits<decltype(function)>::Signature>;
  using Returned = typename FunctionTraits<decltype(function)>::Result;
  using Element = typename Calling::Type;
  using Result = Stored<Returned>;  // void stays void
};

/// The function that runs chunks of `function`, as a type.
template <auto function>
using ChunkSignature = ChunkResult<typename Mapped<function>::Result>(
    ChunkOrder, Elements<typename Mapped<function>::Element>);

/// A chunk that is being run. Borrows the callable.
template <auto function, class Callable>
class ChunkRun {
 public:
  using Types = Mapped<function>;
  using Result = ChunkResult<typename Types::Result>;

  ChunkRun(ChunkOrder order, Callable& callable)
      : order_(order), callable_(callable), scope_(JobScope::ofThisThread()) {}

  Result run(const Elements<typename Types::Element>& elements) {
    const auto begin = std::chrono::steady_clock::now();
    result_.values.clear();
    if constexpr (requires { result_.values.reserve(elements.count); }) {
      result_.values.reserve(elements.count);
    }
    auto element = elements.first();
    for (std::uint64_t place = 0; place < elements.count; ++place, ++element) {
      if (!runOne(place, *element) && order_.mode == ChunkMode::failFast) break;
    }
    if (scope_ != nullptr) scope_->atElement(std::nullopt);
    result_.nanoseconds = static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count());
    return std::move(result_);
  }

 private:
  bool runOne(std::uint64_t place, typename Types::Element& element) {
    if (scope_ != nullptr) {
      if (order_.timing == ChunkTiming::eachElement) scope_->startElement();
      scope_->atElement(order_.first + place);
      if (scope_->cancelled()) {
        const Failure given{CancelledError("the chunk was asked to give up")};
        result_.failures.emplace_back(place, given.neverRun());
        return false;
      }
    }
    try {
      call(element);
      return true;
    } catch (...) {
      result_.failures.emplace_back(place, caught());
      return false;
    }
  }

  void call(typename Types::Element& element) {
    if constexpr (std::is_void_v<typename Types::Returned>) {
      Types::Calling::call(callable_, element);
      result_.values.emplace_back();
    } else {
      result_.values.push_back(
          storeResult<typename Types::Returned>(Types::Calling::call(callable_, element)));
    }
  }

  Failure caught() const {
    return Failure::currentOfJob(scope_ != nullptr ? scope_->latestThrow() : std::string());
  }

  const ChunkOrder order_;
  Callable& callable_;
  JobScope* const scope_;
  Result result_;
};

/// The function that runs as the job.
template <auto function>
ChunkResult<typename Mapped<function>::Result> runChunk(
    ChunkOrder order, Elements<typename Mapped<function>::Element> elements) {
  auto* target = +function;
  return ChunkRun<function, decltype(target)>(order, target).run(elements);
}

std::string chunkNameOf(std::string_view function);

/// The name of this job: "map of isPrime".
template <auto function>
std::string_view chunkName() {
  static const std::string name = chunkNameOf(functionName<function>());
  return name;
}

/// What a worker does with a chunk whose types it does not know: the functions on which they
/// depend.
struct ChunkWork {
  /// Reads an Elements, and returns its Store. Throws EncodingError.
  std::shared_ptr<void> (*read)(ValueReader from, std::size_t& count);
  /// Runs the chunk; returns its ChunkResult.
  std::shared_ptr<ChunkFacts> (*run)(void* callable, const ChunkOrder& order,
                                     std::shared_ptr<void> all, std::size_t count);
  std::uint64_t (*words)(const ChunkFacts& result);
  void (*write)(const ChunkFacts& result, ValueWriter to);
};

/// Makes the handler of the job `name`, which calls `callable`.
std::unique_ptr<FunctionHandler> chunkHandler(std::string name, const ChunkWork& work,
                                              std::shared_ptr<void> callable);

template <auto function, class Callable>
struct ChunkWorkOf {
  using Element = typename Mapped<function>::Element;
  using Result = ChunkResult<typename Mapped<function>::Result>;

  static std::shared_ptr<void> read(ValueReader from, std::size_t& count) {
    auto elements = decode<Elements<Element>>(from);
    count = elements.count;
    return std::move(elements.all);
  }
  static std::shared_ptr<ChunkFacts> run(void* callable, const ChunkOrder& order,
                                         std::shared_ptr<void> all, std::size_t count) {
    const Elements<Element> elements{std::static_pointer_cast<Store<Element>>(std::move(all)), 0,
                                     count};
    return std::make_shared<Result>(
        ChunkRun<function, Callable>(order, *static_cast<Callable*>(callable)).run(elements));
  }
  static std::uint64_t words(const ChunkFacts& result) {
    return encodedWords(static_cast<const Result&>(result));
  }
  static void write(const ChunkFacts& result, ValueWriter to) {
    encode(static_cast<const Result&>(result), to);
  }
  static constexpr ChunkWork kWork{&read, &run, &words, &write};
};

/// Adds the job that runs chunks of `function`, a function or a phial::Function, by `callable`.
template <auto function, class Callable>
void addChunk(FunctionTable& table, std::shared_ptr<Callable> callable,
              void (*address)() = nullptr) {
  std::string name(chunkName<function>());
  auto handler = chunkHandler(name, ChunkWorkOf<function, Callable>::kWork, std::move(callable));
  table.add(std::move(name), typeName<ChunkSignature<function>>(), std::move(handler), address);
}

/// Adds the job that runs chunks of `function` to `table`.
template <auto function>
void addChunk(FunctionTable& table) {
  auto* target = +function;
  using Callable = decltype(target);
  addChunk<function>(table, std::make_shared<Callable>(target),
                     reinterpret_cast<void (*)()>(&ChunkWorkOf<function, Callable>::run));
}

/// Reports one error for a callable that is not of the phial::Function's type.
template <auto function, class Callable>
consteval bool checkNamed() {
  return []<class R, class... P>(const Function<R(P...)>&) {
    static_assert(std::is_invocable_r_v<R, Callable&, P...>,
                  "add<kFunction>(callable): the callable cannot be called with the parameters of "
                  "kFunction's type, or its result is none of that type.");
    return std::is_invocable_r_v<R, Callable&, P...>;
  }(function);
}

/// Adds `callable` as the phial::Function `function`, and the job that runs chunks of it.
template <auto function, class Callable>
void addNamed(FunctionTable& table, Callable callable) {
  auto shared = std::make_shared<Callable>(std::move(callable));
  [&]<class R, class... P>(const Function<R(P...)>&) {
    table.add(std::string(function.name()), [shared](P... arguments) -> R {
      return std::invoke(*shared, std::forward<P>(arguments)...);
    });
  }(function);
  if constexpr (Mappable<function>) addChunk<function>(table, std::move(shared));
}

/// As LinkedFunction, for the chunks of `function`.
template <auto function>
struct LinkedChunk {
  static void require() { static_cast<void>(&registered); }

  static inline const bool registered = (addChunk<function>(linkedFunctions()), true);
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
