// The types of a range on its way through a pool; ChunkFlow makes the decisions without knowing
// them. Part of the templates of map.h; nothing here is for users.
#pragma once

#include <phial/master/detail/chunk_flow.h>
#include <phial/master/detail/element_source.h>
#include <phial/master/detail/submit.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Elements of type E, in the form in which a job keeps them, and results of type R, which may be
/// void.
template <class E, class R>
class ChunkStream final : public ChunkFlow {
 public:
  using Result = ChunkResult<R>;

  /// `chunk` is the function that runs a chunk; it must live as long as the program.
  ChunkStream(StreamPool pool, Ref<CallOptions> callOptions, ChunkMode mode, std::size_t windows,
              const FunctionName& chunk, std::unique_ptr<ElementSource<E>> source)
      : ChunkFlow(std::move(pool), std::move(callOptions), mode, windows,
                  kChunkBytes<typename Result::Value>),
        chunk_(chunk),
        source_(std::move(source)) {}

 private:
  ChunkElements read(std::size_t count) override {
    auto elements = source_->read(count);
    const std::size_t size = elements.size();
    if (size == 0) return {};
    return {std::make_shared<Store<E>>(std::move(elements)), 0, size};
  }

  std::optional<std::size_t> left() const override { return source_->left(); }

  Deferred<void> send(Runner& runner, const ChunkOrder& order,
                      const ChunkElements& elements) override {
    return detail::submit<Result>(runner, callOptions(), chunk_,
                                  [&] { return std::tuple(order, typed(elements)); })
        .addBoth([self = shared_from_this(), first = order.first](Outcome<Result> outcome) {
          static_cast<ChunkStream&>(*self).landAs(first, std::move(outcome));
        });
  }

  std::shared_ptr<ChunkFacts> emptyResult() const override { return std::make_shared<Result>(); }

  static Elements<E> typed(const ChunkElements& elements) {
    return {std::static_pointer_cast<Store<E>>(elements.all), elements.begin, elements.count};
  }

  void landAs(std::uint64_t first, Outcome<Result> outcome) {
    if (!outcome.ok()) return land(first, outcome.failure());
    auto result = std::make_shared<Result>(std::move(outcome).value());
    const std::size_t count = result->count();
    land(first, std::move(result), count);
  }

  const FunctionName& chunk_;
  const std::unique_ptr<ElementSource<E>> source_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
