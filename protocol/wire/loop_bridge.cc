#include "phial/protocol/loop_bridge.h"

#include <kj/debug.h>
#include <phial/protocol/fork_mark.h>

#include <optional>
#include <stdexcept>
#include <utility>

#include "protocol/wire/event_ptr.h"

namespace phial::inline v1 {

namespace {

// Long enough that the zero timer between two rounds does not show, short enough that the host's
// events do not wait: 25 us of empty promises, a few hundred of Cap'n Proto calls.
constexpr unsigned kTurnsAtOnce = 512;

thread_local LoopBridge* currentBridge = nullptr;

}  // namespace

class LoopBridge::Port final : public kj::EventPort {
 public:
  explicit Port(event_base& base)
      : base_(base), event_(detail::newEvent(base, -1, 0, &Port::onEvent, this)), loop_(*this) {
    try {
      scope_.emplace(loop_);
    } catch (const kj::Exception&) {
      throw std::logic_error("this thread has a KJ event loop already");
    }
  }

  // Detached promises may use the loop while they go, so they go while it is still current.
  ~Port() {
    if (scope_) scope_->cancelAllDetached();
  }

  bool wait() override { return pass(EVLOOP_ONCE); }
  bool poll() override { return pass(EVLOOP_ONCE | EVLOOP_NONBLOCK); }

  void setRunnable(bool runnable) override {
    runnable_ = runnable;
    schedule();
  }

  void runQueue() {
    if (running_ || waiting_) throw std::logic_error("KJ's queue is running already");
    run(kj::maxValue);
  }

  bool busy() const { return running_ || waiting_; }
  bool inherited() const { return mark_.inherited(); }
  void leave() { scope_.reset(); }

  event_base& base() const { return base_; }
  void onScheduled(std::function<void()> hook) { scheduled_ = std::move(hook); }
  kj::WaitScope& scope() { return *scope_; }
  bool runnable() { return loop_.isRunnable(); }

 private:
  static void onEvent(evutil_socket_t, short, void* self) noexcept {
    auto& port = *static_cast<Port*>(self);
    if (!port.inherited()) port.runSome();
  }

  void runSome() {
    run(kTurnsAtOnce);
    // Activating the event here would run it again in the same pass of libevent 2.1, before it
    // looks at descriptors and timers. A timer that is due lets one look come between. KJ does not
    // call setRunnable for this: to it, the queue has been runnable all along.
    static constexpr timeval kNextPass{0, 0};
    if (loop_.isRunnable()) event_add(event_.get(), &kNextPass);
  }

  void run(unsigned turns) {
    running_ = true;
    KJ_DEFER(running_ = false);
    loop_.run(turns);
  }

  // One pass of libevent on behalf of Promise::wait, which runs the queue itself.
  bool pass(int flags) {
    event_del(event_.get());
    waiting_ = true;
    KJ_DEFER({
      waiting_ = false;
      schedule();
    });
    const int result = event_base_loop(&base_, flags);
    if (result < 0)
      throw std::logic_error("a promise cannot be waited for inside an event callback");
    if (result > 0 && !(flags & EVLOOP_NONBLOCK)) {
      throw std::logic_error("a promise is waited for, but no event is left that could fulfil it");
    }
    return false;  // nobody calls wake()
  }

  // Keeps the event active exactly while KJ has something to run and nobody else will run it. After
  // a wait it is set again even if the queue looks empty: KJ reports changes only, and what became
  // runnable during the wait may stay so after it.
  void schedule() {
    if (waiting_) return;
    if (!runnable_) {
      event_del(event_.get());
    } else if (!running_) {
      event_active(event_.get(), EV_TIMEOUT, 0);
      if (scheduled_) scheduled_();
    }
  }

  const detail::ForkMark mark_;
  event_base& base_;
  std::function<void()> scheduled_;
  detail::EventPtr event_;
  kj::EventLoop loop_;
  std::optional<kj::WaitScope> scope_;
  bool runnable_ = false;
  bool running_ = false;
  bool waiting_ = false;
};

LoopBridge::LoopBridge(event_base& base) {
  // The copy of a parent's bridge: this process wants one of its own.
  if (currentBridge != nullptr && currentBridge->inherited()) currentBridge->leave();
  port_ = std::make_unique<Port>(base);
  currentBridge = this;
}

LoopBridge::~LoopBridge() {
  if (currentBridge == this) currentBridge = nullptr;
}

bool LoopBridge::inherited() const { return port_->inherited(); }

void LoopBridge::leave() {
  if (currentBridge != this) return;
  port_->leave();
  currentBridge = nullptr;
}

LoopBridge* LoopBridge::current() { return currentBridge; }

LoopBridge* LoopBridge::toShare() {
  const bool mayBe = currentBridge != nullptr && currentBridge->shared_;
  return mayBe && !currentBridge->inherited() ? currentBridge : nullptr;
}

event_base& LoopBridge::base() const { return port_->base(); }
kj::WaitScope& LoopBridge::waitScope() { return port_->scope(); }
void LoopBridge::runQueue() { port_->runQueue(); }
bool LoopBridge::busy() const { return waits_ > 0 || port_->busy(); }
void LoopBridge::onScheduled(std::function<void()> hook) { port_->onScheduled(std::move(hook)); }
bool LoopBridge::runnable() const { return port_->runnable(); }

}  // namespace phial::inline v1
