#include "master/pool/chunk_job.h"

#include <phial/protocol/large_memory.h>

#include <utility>

namespace phial::inline v1::detail {
namespace {

SlicedWork writeAll(const ElementType& type, ChunkOrder order, ChunkElements elements,
                    ListWriter to) {
  encodeValue(order, to[0]);
  const auto part = type.writeSliced(elements, to[1]);
  co_await part;
}

class ChunkWriting final : public ArgumentWriting {
 public:
  ChunkWriting(const ElementType& type, const ChunkOrder& order, const ChunkElements& elements,
               std::uint64_t mostBytes)
      : ArgumentWriting(elements.all, 2, mostBytes, type.byProgram ? By::program : By::library) {
    begin(writeAll(type, order, elements, places()));
  }
};

class ChunkReading final : public ResultReading {
 public:
  ChunkReading(const ResultType& type, ValueReader value)
      : type_(type), state_(std::make_unique<State>(type, value)) {}
  // What nobody wants is destroyed beside the loop, too.
  ~ChunkReading() override {
    if (state_ && !type_.byProgram) destroyAside(std::move(state_));
  }

  Where where() const override { return type_.byProgram ? Where::onLoop : Where::beside; }

  std::shared_ptr<ChunkFacts> take() {
    const auto state = std::move(state_);
    try {
      state->run.check();
    } catch (...) {
      throwMalformed();
    }
    return std::move(state->result);
  }

 private:
  struct State {
    State(const ResultType& type, ValueReader from)
        : result(type.none()), run(type.readSliced(*result, from)) {}
    std::shared_ptr<ChunkFacts> result;
    SlicedRun run;  // refers to the result
  };

  bool readPiece(std::size_t bytes) override { return state_->run.goOn(bytes); }

  const ResultType& type_;
  std::unique_ptr<State> state_;
};

}  // namespace

ChunkJob::ChunkJob(Job::Ticket ticket, Ref<CallOptions> options, const ChunkFunction& function,
                   const ChunkOrder& order, ChunkElements elements)
    : Holding(ticket, std::move(options), function.name),
      elementType_(function.element),
      resultType_(function.result),
      order_(order),
      elements_(std::move(elements)) {}

ChunkJob::~ChunkJob() {
  // This is a result that nobody has taken.
  if (outcome && outcome->ok() && outcome->value()) free(*outcome->value());
}

void ChunkJob::freeLeftOver(void* leftOver) noexcept {
  auto& left = *static_cast<Outcome<std::shared_ptr<ChunkFacts>>*>(leftOver);
  if (left.ok() && left.value()) free(*left.value());
}

void ChunkJob::free(ChunkFacts& result) const noexcept {
  if (resultType_.freeAside != nullptr) resultType_.freeAside(result);
}

std::uint64_t ChunkJob::argumentWords() const {
  const Nesting nesting;
  return valueWords(order_) + elementType_.words(elements_);
}

void ChunkJob::encodeArguments(ListWriter to) const {
  const Nesting nesting;
  try {
    encodeValue(order_, to[0]);
    elementType_.write(elements_, to[1]);
  } catch (...) {
    throwMalformed();
  }
}

bool ChunkJob::writtenAside() const noexcept {
  try {
    return elementType_.heavy != nullptr && elementType_.heavy(elements_);
  } catch (...) {  // of a codec of the program's; measuring or writing will report it
    return false;
  }
}

std::unique_ptr<ArgumentWriting> ChunkJob::beginWriting(std::uint64_t mostBytes) const {
  return std::make_unique<ChunkWriting>(elementType_, order_, elements_, mostBytes);
}

void ChunkJob::accept(ValueReader result) {
  const Nesting nesting;
  auto read = resultType_.none();
  try {
    resultType_.read(*read, result);
  } catch (...) {
    throwMalformed();
  }
  outcome.emplace(std::move(read));
}

std::unique_ptr<ResultReading> ChunkJob::beginReading(ValueReader result) const {
  ReadingCost cost{resultType_.readAtOnce};
  resultType_.guess(result, cost);
  if (!cost.over()) return nullptr;
  return std::make_unique<ChunkReading>(resultType_, result);
}

void ChunkJob::acceptRead(ResultReading& reading) {
  outcome.emplace(static_cast<ChunkReading&>(reading).take());
}

// The Deferred may be kept for long and keeps the job, because the result lies in it.
void ChunkJob::discard() noexcept {
  elements_ = {};
  Job::discard();
}

}  // namespace phial::inline v1::detail
