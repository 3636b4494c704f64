#include "master/bridge/fiber_context.h"

#include <cxxabi.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstring>
#include <exception>

namespace phial::inline v1::detail {

namespace context = boost::context::detail;

void FiberContext::StackState::exchange() noexcept {
  Exceptions now;
  auto* const globals = abi::__cxa_get_globals();
  std::memcpy(static_cast<void*>(&now), globals, sizeof now);
  std::memcpy(static_cast<void*>(globals), &exceptions_, sizeof exceptions_);
  exceptions_ = now;
  dying_.exchangeWithThread();
}

// The first function on the fiber's stack.
struct FiberContext::Start {
  static void run(context::transfer_t from) noexcept {
    auto* const self = static_cast<FiberContext*>(from.data);
    self->outside_ = from.fctx;
    self->switches_.cameIn();
    self->entry_(self->argument_);
    self->leaveForGood();
  }
};

FiberContext::FiberContext(std::size_t stackBytes, Entry entry, void* argument)
    : entry_(entry), argument_(argument), stack_(stackBytes) {
  inside_ = context::make_fcontext(stack_.top(), stack_.size(), &Start::run);
}

void FiberContext::resume() noexcept {
  state_.exchange();
  switches_.goIn(stack_.bottom(), stack_.size());
  inside_ = context::jump_fcontext(inside_, this).fctx;
  switches_.cameOut();
  state_.exchange();
}

void FiberContext::suspend() noexcept {
  switches_.goOut();
  outside_ = context::jump_fcontext(outside_, nullptr).fctx;
  switches_.cameIn();
}

PHIAL_NO_FAKE_STACK void FiberContext::leaveForGood() noexcept {
  ended_ = true;
  switches_.goOutForGood();
  context::jump_fcontext(outside_, nullptr);
  std::terminate();  // nobody resumes what has ended
}

}  // namespace phial::inline v1::detail
