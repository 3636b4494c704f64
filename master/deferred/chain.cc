#include <phial/master/deferred.h>
#include <phial/master/detail/deferred_chain.h>

#include "master/deferred/places.h"

namespace phial::inline v1::detail {
namespace {

// Trivial on purpose: it must work while the thread's other variables are destroyed.
constinit thread_local DyingObjects dead;

}  // namespace

void DyingObjects::exchangeWithThread() noexcept { std::swap(*this, dead); }

void Counted::destroy(Counted* object) noexcept {
  object->nextDead_ = std::exchange(dead.first, object);
  if (dead.draining) return;
  dead.draining = true;
  while (Counted* next = dead.first) {
    dead.first = next->nextDead_;
    delete next;
  }
  dead.draining = false;
}

// --- Debugging ---

namespace {

__attribute__((noinline)) void noteFired(const Source* source) {
  if (const auto places = placesOf(source)) places->fired = StackTrace::capture(1);
}

__attribute__((noinline)) void noteAdded(const Chain* chain) {
  if (const auto places = placesOf(chain)) places->added = StackTrace::capture(1);
}

}  // namespace

__attribute__((noinline)) void Chain::notePlaces(Source* source) {
  const auto places = std::make_shared<Places>();
  places->made = StackTrace::capture(1);
  traced_ = true;
  detail::notePlaces(this, places);
  if (!source) return;
  source->traced_ = true;
  detail::notePlaces(source, places);
}

// --- Source ---

void Source::addProducer() noexcept {
  // A loop, since a waiter that is fed feeds the waiter of its own chain, and so on.
  Source* source = this;
  while (source && !source->fired_ && source->producers_++ == 0 && source->chain_) {
    Chain* chain = source->chain_;
    chain->retain();
    Waiter* waiter = chain->waiter();
    bool feeds = waiter && !waiter->fed;
    if (feeds) waiter->fed = true;
    source = feeds ? waiter->source : nullptr;
  }
}

void Source::dropProducer() noexcept {
  Source* source = this;
  while (source && !source->fired_ && --source->producers_ == 0 && source->chain_) {
    Chain* chain = source->chain_;
    Waiter* waiter = chain->waiter();
    bool starves = waiter && waiter->fed;
    if (starves) waiter->fed = false;
    source = starves ? waiter->source : nullptr;
    chain->release();  // survives when it has a waiter, for that holds it
  }
}

bool Source::admit() {
  if (!fired_) return true;
  if (!swallowNext_) {
    const auto places = traced_ ? placesOf(this) : nullptr;
    if (places) throw AlreadyCalledError(AlreadyCalledError().what(), places->text());
    throw AlreadyCalledError();
  }
  swallowNext_ = false;
  return false;
}

void Source::fire() { Chain::run(settle()); }

Ref<Chain> Source::settle() {
  if (traced_) noteFired(this);
  Ref<Chain> chain(chain_);
  Ref<Source> self(this);
  if (chain) chain->detachSource();
  fired_ = true;
  producers_ = 0;
  if (chain) {  // a canceller may have dropped the last handle
    chain->called_ = true;
    chain->node_ = std::move(self);
  }
  discard();
  return chain;
}

void Source::failNow(Failure failure) {
  if (fired_) return reportUnhandled(failure);
  fail(std::move(failure));
  fire();
}

// --- Chain: making, joining ---

Ref<Chain> Chain::pending(Ref<Source> source) {
  Ref<Chain> chain(new Chain);
  if (keepsPlaces.load(std::memory_order_relaxed)) chain->notePlaces(source.get());
  chain->attach(std::move(source));
  return chain;
}

Ref<Chain> Chain::finished(Ref<Node> node) {
  Ref<Chain> chain(new Chain);
  chain->node_ = std::move(node);
  chain->called_ = true;
  if (keepsPlaces.load(std::memory_order_relaxed)) chain->notePlaces(nullptr);
  return chain;
}

Chain::~Chain() {
  if (handles_) handles_->own_ = nullptr;
  const Ref<Chain> outer = Ref<Chain>::adopt(this->outer());
  while (last_) pop();
  detachSource();  // destroyed before the links, last in first out: a coroutine before its lambda
  const auto places = traced_ ? placesOf(this) : nullptr;
  if (traced_) forgetPlaces(this);
  if (!node_) return;
  const Failure* failure = node_->failure();
  if (failure) reportUnhandled(places ? failure->annotated(places->text()) : *failure);
}

void Chain::attach(Ref<Source> source) noexcept {
  source->chain_ = this;
  if (source->producers_ > 0) retain();
  node_ = std::move(source);
  pending_ = true;
}

Ref<Source> Chain::detachSource() noexcept {
  if (!pending_) return {};
  auto source = Ref<Source>::adopt(static_cast<Source*>(node_.detach()));
  pending_ = false;
  source->chain_ = nullptr;
  if (source->producers_ > 0) release();  // REQUIRES another reference, or none was counted
  return source;
}

void Chain::push(Ref<Link> link) noexcept {
  Link* added = link.detach();
  added->next = last_ ? std::exchange(last_->next, added) : added;
  last_ = added;
}

void Chain::pushFront(Ref<Link> link) noexcept {
  Link* added = link.detach();
  if (last_) {
    added->next = std::exchange(last_->next, added);
  } else {
    last_ = added->next = added;
  }
}

Ref<Link> Chain::pop() noexcept {
  Link* link = last_->next;
  if (link == last_) {
    last_ = nullptr;
  } else {
    last_->next = link->next;
  }
  return Ref<Link>::adopt(link);
}

Ref<Chain> Chain::resolve(Ref<Chain> chain) noexcept {
  while (Chain* outer = chain->outer()) {
    if (outer->absorbed_) chain->setOuter(Ref<Chain>(outer->outer()));  // shorten the path
    chain = Ref<Chain>(chain->outer());
  }
  return chain;
}

void Chain::setOuter(Ref<Chain> outer) noexcept {
  const Ref<Chain> old = Ref<Chain>::adopt(this->outer());
  absorbed_ = true;
  above_ = outer.detach();
}

bool Chain::waitsFor(const Chain& target, const Chain* chain) noexcept {
  while (chain && chain != &target) {
    if (chain->absorbed_) {
      chain = chain->outer();
    } else {
      const Source* above = chain->waiter() ? chain->waiter()->source : nullptr;
      chain = above ? above->chain_ : nullptr;
    }
  }
  return chain != nullptr;
}

bool Chain::closesRing(const Chain& inner) const noexcept {
  // Most inner Deferreds have their result or wait for a Resolver: no walk for those.
  bool waitsForNone =
      inner.pending_ ? !inner.source()->awaitsChains() : inner.result() && !inner.running_;
  return !waitsForNone && waitsFor(inner, this);
}

void Chain::absorb(Ref<Chain> inner, Ref<Link> link) {
  inner = resolve(std::move(inner));
  if (closesRing(*inner)) return refuse(*inner, std::move(link));
  node_ = {};
  popSpent();  // a tail call: what was kept for it goes
  if (!inner->idle()) {
    link->spent = true;
    pushFront(std::move(link));
  }
  if (inner->running_) {
    inner->setOuter(Ref<Chain>(this));  // finish() hands over
  } else {
    takeOver(*inner);
  }
}

void Chain::refuse(Chain& inner, Ref<Link> link) {
  node_ =
      link->failed(Failure(CircularWaitError("a callback returned a Deferred that waits for the "
                                             "callback's own Deferred")));
  if (&inner == this) return;
  // The inner one goes on: it may be a coroutine, which reads what its lambda has captured.
  link->spent = true;
  inner.push(std::move(link));
}

void Chain::takeOver(Chain& inner) noexcept {
  if (inner.handles_) takeOverHandles(inner);
  if (inner.pending_) {
    attach(inner.detachSource());
  } else {
    node_ = std::move(inner.node_);
  }
  if (inner.last_) {
    Link* last = std::exchange(inner.last_, nullptr);
    if (last_) {
      std::swap(last->next, last_->next);  // one ring of two
    } else {
      last_ = last;
    }
  }
  inner.setOuter(Ref<Chain>(this));
}

// --- Chain: running ---

void Chain::append(const Ref<Chain>& chain, Ref<Link> link) {
  if (chain->abandoned_) link->abandon();
  if (chain->traced_) noteAdded(chain.get());
  chain->push(std::move(link));
  if (chain->result()) run(chain);
}

void Chain::run(Ref<Chain> chain) {
  while (chain && !chain->running_) {
    chain->advance();
    chain = chain->finish();
  }
}

void Chain::advance() {
  running_ = true;
  while (result() && last_) {
    Ref<Link> link = pop();
    if (link->spent) {  // the Deferred that its callback returned has ended
      if (link->endsHandles) endHandles(*link);
      continue;
    }
    if (Ref<Chain> inner = link->run(*node_)) {
      absorb(std::move(inner), std::move(link));
    } else {
      node_ = std::move(link);
    }
  }
  running_ = false;
}

Ref<Chain> Chain::finish() {
  if (absorbed_) {  // was running when the outer chain absorbed it
    Ref<Chain> outer = resolve(Ref<Chain>(this));
    outer->takeOver(*this);
    return outer;
  }
  if (waiter() && idle()) return resumeWaiter();
  feedWaiter();
  return {};
}

void Chain::cancel(Ref<Chain> chain) {
  std::vector<Ref<Chain>> next{resolve(std::move(chain))};
  // A canceller may drop the last Resolver, or the last handle, of what has its result to come:
  // until then this counts as a producer of each.
  std::vector<Ref<Source>> held;
  while (!next.empty()) {
    Ref<Chain> current = std::move(next.back());
    next.pop_back();
    if (!current->pending_) continue;
    Source* source = current->source();
    source->addProducer();
    held.emplace_back(source);
    source->cancel(next);
  }
  for (const auto& source : held) source->dropProducer();
}

Ref<Node> Chain::takeResult() { return std::move(node_); }

// --- Chain: who waits at its end ---

void Chain::await(Waiter& waiter) {
  above_ = &waiter;
  waiter.fed = true;
  feedWaiter();
}

void Chain::forgetWaiter() noexcept {
  if (!absorbed_) above_ = nullptr;
}

void Chain::feedWaiter() noexcept {
  Waiter* waiter = this->waiter();
  if (!waiter) return;
  bool fed = !pending_ || source()->producers_ > 0;
  if (waiter->fed == fed) return;
  waiter->fed = fed;
  if (!waiter->source) return;
  if (fed) {
    waiter->source->addProducer();
  } else {
    waiter->source->dropProducer();  // may end the coroutine and, with it, the waiter
  }
}

Ref<Chain> Chain::resumeWaiter() {
  auto* waiter = static_cast<Waiter*>(std::exchange(above_, nullptr));
  Ref<Source> source(waiter->source);
  if (source && !waiter->fed) source->addProducer();
  waiter->fed = true;
  return waiter->resume();
}

}  // namespace phial::inline v1::detail
