#include <phial/master/detail/chunk_flow.h>
#include <phial/master/detail/runner.h>
#include <phial/master/errors.h>

#include <utility>

#include "master/pool/chunk_job.h"

namespace phial::inline v1::detail {

std::shared_ptr<ChunkFlow> ChunkFlow::make(StreamPool pool, Ref<CallOptions> callOptions,
                                           ChunkMode mode, std::size_t windows,
                                           const ChunkFunction& function,
                                           std::unique_ptr<ElementSource> source) {
  return std::shared_ptr<ChunkFlow>(new ChunkFlow(std::move(pool), std::move(callOptions), mode,
                                                  windows, function, std::move(source)));
}

std::shared_ptr<ChunkFlow> ChunkFlow::failed(StreamPool pool, const ChunkFunction& function,
                                             Failure failure) {
  auto flow = make(std::move(pool), {}, ChunkMode::failFast, kNoWindow, function, nullptr);
  flow->failure_ = std::move(failure);
  return flow;
}

ChunkFlow::ChunkFlow(StreamPool pool, Ref<CallOptions> callOptions, ChunkMode mode,
                     std::size_t windows, const ChunkFunction& function,
                     std::unique_ptr<ElementSource> source)
    : pool_(std::move(pool)),
      options_(std::move(callOptions)),
      function_(function),
      source_(std::move(source)),
      mode_(mode),
      windows_(windows),
      order_(windows == kNoWindow ? Order::range : options().order),
      size_(options().chunk, function.resultBytes) {}

ChunkFlow::~ChunkFlow() = default;

Deferred<ChunkFlow::Next> ChunkFlow::next() {
  auto chunk = takeFront();
  submitMore();
  if (!chunk) chunk = takeFront();  // an element that could not be submitted
  if (failure_ || chunk || ended()) {
    if (!std::exchange(inCall_, false)) return settled(std::move(chunk));
    // Nothing fires inside the call of map itself.
    return pool_.soon().addCallback(
        [self = shared_from_this(), chunk = std::move(chunk)]() mutable {
          return self->settled(std::move(chunk));
        });
  }
  inCall_ = false;
  auto made = newDeferred<Next>([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->stop(Failure(CancelledError()));
  });
  waiting_.emplace(std::move(made.resolver));
  return std::move(made.deferred);
}

void ChunkFlow::stop(Failure failure) {
  if (failure_) return;
  const auto self = shared_from_this();
  failure_ = std::move(failure);
  again_.clear();
  landed_.clear();
  const auto flights = std::exchange(flights_, {});
  for (const auto& [first, flight] : flights) {
    if (flight.job) flight.job.cancel();
  }
  if (const auto room = std::exchange(room_, {})) room.cancel();
  announce();
}

void ChunkFlow::check() const {
  if (failure_) failure_->rethrow();
  if (pool_.closed()) poolGone().rethrow();
}

std::optional<std::size_t> ChunkFlow::total() const {
  const auto rest = source_->left();
  return rest ? std::optional(read_ + *rest) : std::nullopt;
}

const MapOptions& ChunkFlow::options() const {
  static const MapOptions kDefaults;
  return options_ ? options_->value : kDefaults;
}

Deferred<ChunkFlow::Next> ChunkFlow::settled(Next chunk) const {
  if (failure_) return fail<Next>(*failure_);
  return succeed(std::move(chunk));
}

bool ChunkFlow::ended() const {
  return exhausted_ && again_.empty() && flights_.empty() && landed_.empty();
}

ChunkFlow::Next ChunkFlow::takeFront() {
  const auto front = order_ == Order::range ? landed_.find(delivered_) : landed_.begin();
  if (front == landed_.end()) return std::nullopt;
  Next chunk(Chunk{front->first, std::move(front->second.result), front->second.count});
  landed_.erase(front);
  delivered_ += chunk->count;
  return chunk;
}

void ChunkFlow::announce() {
  if (!waiting_) return;
  Next chunk = takeFront();
  if (!failure_ && !chunk && !ended()) return;
  const auto waiting = std::move(*waiting_);
  waiting_.reset();
  if (failure_) {
    waiting.errback(*failure_);
  } else {
    waiting.callback(std::move(chunk));
  }
}

// --- Into the pool ---

std::size_t ChunkFlow::inFlight() const {
  return options().inFlight > 0 ? options().inFlight : 2 * pool_.capacity();
}

void ChunkFlow::submitMore() {
  if (submitting_) return;
  const auto self = shared_from_this();
  submitting_ = true;
  while (maySubmit()) {
    if (auto piece = nextPiece()) submit(std::move(*piece));
  }
  submitting_ = false;
}

bool ChunkFlow::maySubmit() {
  if (failure_ || room_ || flights_.size() >= inFlight()) return false;
  if (again_.empty() && (exhausted_ || windowFull())) return false;
  if (pool_.hasRoom()) return true;
  // One that lands will look again.
  if (flights_.empty()) waitFor(pool_.whenRoom());
  return false;
}

bool ChunkFlow::windowFull() const {
  return windows_ != kNoWindow && flights_.size() + landed_.size() >= windows_ * inFlight();
}

// Nothing is submitted before.
void ChunkFlow::waitFor(Deferred<void> event) {
  room_ = std::move(event).addBoth([self = shared_from_this()](Outcome<void> outcome) {
    self->room_ = {};
    if (!outcome.ok()) return self->stop(outcome.failure());
    self->advance();
  });
}

std::optional<ChunkFlow::Piece> ChunkFlow::nextPiece() {
  if (!again_.empty()) {
    Piece piece = std::move(again_.front());
    again_.pop_front();
    return piece;
  }
  try {
    auto elements = source_->read(size_.next(source_->left(), pool_.capacity()));
    if (failure_) return std::nullopt;  // the range's code has seen to that
    exhausted_ = elements.count == 0;
    if (exhausted_) return std::nullopt;
    const auto first = std::exchange(read_, read_ + elements.count);
    return Piece{first, std::move(elements)};
  } catch (const UnfitElement& unfit) {
    if (!failure_) landUnfit(unfit.reason);
    return std::nullopt;
  } catch (...) {
    stop(Failure::current());
    return std::nullopt;
  }
}

// An element that cannot even be sent: it has failed where it would have been submitted.
void ChunkFlow::landUnfit(const Failure& reason) {
  const Failure failure = reason.atIndex(read_);
  if (mode_ == ChunkMode::failFast) return stop(failure);
  auto result = function_.result.none();
  result->failures.emplace_back(0, failure);
  landed_.emplace(read_++, Landed{std::move(result), 1});
  // A range of nothing else must not hold up the loop.
  constexpr std::uint64_t kAtOnce = 64;
  if (++unfit_ % kAtOnce != 0) return;
  auto turn = pool_.nextTurn();
  if (!turn.called()) waitFor(std::move(turn));
}

void ChunkFlow::submit(Piece piece) {
  const auto runner = pool_.runner();
  if (!runner) return stop(poolGone());
  const auto first = piece.first;
  const ChunkElements elements = piece.elements;
  flights_.emplace(first, Flight{std::move(piece), {}});
  auto job = send(*runner, {first, mode_, timing()}, elements);
  const auto flight = flights_.find(first);
  if (flight != flights_.end()) flight->second.job = std::move(job);
}

Deferred<void> ChunkFlow::send(Runner& runner, const ChunkOrder& order,
                               const ChunkElements& elements) {
  using Result = std::shared_ptr<ChunkFacts>;
  Ref<ChunkJob> job(new ChunkJob(runner.newTicket(), options_, function_, order, elements));
  auto deferred = Access::wrap<Result>(Chain::pending(Ref<Source>(job)));
  runner.submit(std::move(job));
  return std::move(deferred).addBoth(
      [self = shared_from_this(), first = order.first](Outcome<Result> outcome) {
        if (!outcome.ok()) return self->land(first, outcome.failure());
        self->land(first, std::move(outcome).value());
      });
}

// The worker looks at the clock for each element only where it has a time limit.
ChunkTiming ChunkFlow::timing() const {
  const JobOptions& job = options().job;
  const bool limited = job.timeout || job.softTimeout || pool_.hasTimeout();
  return limited ? ChunkTiming::eachElement : ChunkTiming::none;
}

// --- Out of it ---

// None: it has been given up.
std::optional<ChunkFlow::Piece> ChunkFlow::takeFlight(std::uint64_t first) {
  const auto flight = flights_.find(first);
  if (flight == flights_.end()) return std::nullopt;
  Piece piece = std::move(flight->second.piece);
  flights_.erase(flight);
  return piece;
}

void ChunkFlow::land(std::uint64_t first, std::shared_ptr<ChunkFacts> result) {
  const auto piece = takeFlight(first);
  if (!piece) return;
  const std::size_t count = function_.result.count(*result);
  accept(*piece, {std::move(result), count});
  advance();
}

void ChunkFlow::land(std::uint64_t first, const Failure& failure) {
  const auto piece = takeFlight(first);
  if (!piece) return;
  reject(*piece, failure);
  advance();
}

void ChunkFlow::advance() {
  submitMore();
  announce();
}

void ChunkFlow::accept(const Piece& piece, Landed landed) {
  if (!answers(piece, landed, mode_)) {
    return stop(Failure(EncodingError("the worker's answer does not fit the chunk it was given")));
  }
  ChunkFacts& facts = *landed.result;
  for (auto& [place, failure] : facts.failures) failure = failure.atIndex(piece.first + place);
  if (mode_ == ChunkMode::failFast && !facts.failures.empty()) {
    return stop(facts.failures.front().second);
  }
  size_.finished(piece.elements.count, Duration(facts.nanoseconds), facts.wireBytes);
  landed_.emplace(piece.first, std::move(landed));
}

bool ChunkFlow::answers(const Piece& piece, const Landed& landed, ChunkMode mode) {
  const std::size_t count = piece.elements.count;
  const auto& failures = landed.result->failures;
  std::uint64_t next = 0;
  for (const auto& [place, failure] : failures) {
    if (place < next || place >= count) return false;
    next = place + 1;
  }
  if (landed.count == count) return true;
  return mode == ChunkMode::failFast && failures.size() == 1;
}

// A chunk that has failed as a whole is run again in parts, where that may help to find the one
// element that is to blame.
void ChunkFlow::reject(const Piece& piece, const Failure& failure) {
  const std::size_t count = piece.elements.count;
  const bool ofOne = count == 1;
  if (!isOfElements(failure)) return stop(failure);
  const bool tooLarge = failure.check<EncodingError>();
  const auto culprit = culpritIn(piece, failure);
  if (mode_ == ChunkMode::failFast && (ofOne || !tooLarge)) {
    return stop(culprit ? failure.atIndex(piece.first + *culprit) : failure);
  }
  if (ofOne || options().job.rerun == Rerun::never) return condemn(piece, failure);
  if (tooLarge && piece.origin == Piece::Origin::range) size_.tooLarge(count);
  if (culprit) return spare(piece, *culprit, failure);
  again(piece, 0, count / 2);
  again(piece, count / 2, count - count / 2);
}

std::optional<std::size_t> ChunkFlow::culpritIn(const Piece& piece, const Failure& failure) {
  if (piece.elements.count == 1) return 0;
  const auto index = deadlyElement(failure);
  if (!index || *index < piece.first) return std::nullopt;  // the worker may say anything
  const auto place = *index - piece.first;
  return place < piece.elements.count ? std::optional<std::size_t>(place) : std::nullopt;
}

// All but the culprit run again.
void ChunkFlow::spare(const Piece& piece, std::size_t culprit, const Failure& failure) {
  again(piece, 0, culprit);
  condemn(part(piece, culprit, 1), failure);
  again(piece, culprit + 1, piece.elements.count - culprit - 1);
}

void ChunkFlow::condemn(const Piece& piece, const Failure& failure) {
  if (mode_ == ChunkMode::failFast) return stop(failure);
  auto result = function_.result.none();
  for (std::size_t place = 0; place < piece.elements.count; ++place) {
    result->failures.emplace_back(place, failure.atIndex(piece.first + place));
  }
  landed_.emplace(piece.first, Landed{std::move(result), piece.elements.count});
}

void ChunkFlow::again(const Piece& piece, std::size_t place, std::size_t count) {
  if (count > 0) again_.push_back(part(piece, place, count));
}

ChunkFlow::Piece ChunkFlow::part(const Piece& piece, std::size_t place, std::size_t count) {
  return {piece.first + place, piece.elements.part(place, count), Piece::Origin::again};
}

}  // namespace phial::inline v1::detail
