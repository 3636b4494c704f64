#include "phial/protocol/chunk.h"

#include <utility>

namespace phial::inline v1::detail {
namespace {

class ChunkCall final : public PreparedCall {
 public:
  ChunkCall(const ChunkWork& work, void* callable, const ChunkOrder& order,
            std::shared_ptr<void> all, std::size_t count)
      : work_(work), callable_(callable), order_(order), all_(std::move(all)), count_(count) {}

  bool borrows() const override { return false; }
  void run() override { result_ = work_.run(callable_, order_, std::move(all_), count_); }
  std::uint64_t resultWords() const override { return work_.words(*result_); }
  void encodeResult(ValueWriter to) const override { work_.write(*result_, to); }

 private:
  const ChunkWork& work_;
  void* const callable_;
  const ChunkOrder order_;
  std::shared_ptr<void> all_;
  const std::size_t count_;
  std::shared_ptr<ChunkFacts> result_;
};

class ChunkHandler final : public FunctionHandler {
 public:
  ChunkHandler(std::string name, const ChunkWork& work, std::shared_ptr<void> callable)
      : name_(std::move(name)), work_(work), callable_(std::move(callable)) {}

  std::unique_ptr<PreparedCall> prepare(ListReader arguments) override {
    requireArgumentCount(name_, 2, arguments.size());
    const auto order = decodeArgument<ChunkOrder>(name_, arguments, 0);
    std::size_t count = 0;
    auto all = readElements(arguments[1], count);
    return std::make_unique<ChunkCall>(work_, callable_.get(), order, std::move(all), count);
  }

 private:
  std::shared_ptr<void> readElements(ValueReader from, std::size_t& count) const {
    try {
      return work_.read(from, count);
    } catch (const EncodingError& error) {
      throwArgument(name_, 1, error);
    }
  }

  const std::string name_;
  const ChunkWork& work_;
  const std::shared_ptr<void> callable_;
};

}  // namespace

std::string chunkNameOf(std::string_view function) {
  return std::string(kChunkPrefix) + std::string(function);
}

std::unique_ptr<FunctionHandler> chunkHandler(std::string name, const ChunkWork& work,
                                              std::shared_ptr<void> callable) {
  return std::make_unique<ChunkHandler>(std::move(name), work, std::move(callable));
}

}  // namespace phial::inline v1::detail
