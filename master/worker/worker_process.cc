#include "master/worker/worker_process.h"

#include <phial/master/errors.h>

#include <utility>

#include "master/log/log.h"
#include "master/process/shortage.h"
#include "master/worker/worker_spawn.h"

namespace phial::inline v1::detail {
namespace {

constexpr Duration kShortagePause = std::chrono::milliseconds(100);

}  // namespace

WorkerProcess::WorkerProcess(Environment environment, std::uint64_t number)
    : env_(environment),
      number_(number),
      spawnedAt_(env_.reactor.now()),
      giveUps_(env_.clock, env_.options.grace, [this] { endOverdue(); }),
      takeUp_(env_.clock, env_.options.startTimeout, [this] { checkTakeUp(); }),
      progress_(env_.clock, inFlight_, env_.owner, [this] { progress_.read(*page_); }) {}

WorkerProcess::~WorkerProcess() noexcept {
  startTimer_.cancel();
  leaseTimer_.cancel();
  if (lastWords_) lastWords_->stop();
}

std::optional<std::string> WorkerProcess::start() {
  if (env_.warm == nullptr || env_.warm->settled()) return begin();
  awaitTemplate();
  return std::nullopt;
}

// Until its template has a spare, it has no process.
void WorkerProcess::awaitTemplate() {
  env_.warm->await([weak = weak_from_this()](const DeathCertificate* failure) {
    const auto self = weak.lock();
    if (self && self->state_ == WorkerState::starting) self->templateSettled(failure);
  });
}

void WorkerProcess::templateSettled(const DeathCertificate* failure) {
  if (failure != nullptr) {
    templateFailure_ = *failure;
    beginEnding(DeathCause::startup, failure->detail);
    return die();
  }
  if (!env_.warm->settled()) return awaitTemplate();  // another worker was first
  startTimer_.cancel();
  if (const auto shortage = begin()) beginLater(*shortage);
}

// The system is short of something, which start() cannot say any more: said once, and last, because
// the log's function may destroy the pool.
void WorkerProcess::beginLater(const std::string& shortage) {
  state_ = WorkerState::starting;
  dead_ = false;
  startTimer_ = env_.clock.callLater(kShortagePause, [this] { templateSettled(nullptr); });
  if (std::exchange(shortageSaid_, true)) return;
  const auto log = env_.log;
  log->write(LogLevel::warning, number_,
             oneLine("there is too little to start it: " + shortage + "; it tries again"));
}

std::optional<std::string> WorkerProcess::begin() {
  try {
    spawn();
  } catch (const std::exception& e) {
    const auto* own = dynamic_cast<const Error*>(&e);
    std::string why = own != nullptr ? own->describe() : e.what();
    if (isShortage(e)) {
      abandon();
      return why;
    }
    beginEnding(DeathCause::startup, std::move(why));
    dieSoon();
    return std::nullopt;
  }
  startTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { startIsLate(); });
  conversation_->greet(number_);
  return std::nullopt;
}

// For an end without a process.
void WorkerProcess::dieSoon() {
  env_.reactor.callSoon([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->die();
  });
}

// What the parts call may come after this worker's end.
void WorkerProcess::spawn() {
  page_.emplace(inFlight_);
  auto spawned = spawnWorker(env_, number_, *page_);
  origin_ = spawned.origin;
  if (origin_ == WorkerOrigin::fromTemplate) startCall_ = StartCalls::kPrepare;
  const std::weak_ptr<WorkerProcess> weak = weak_from_this();
  child_.emplace(env_, number_, std::move(spawned.process), std::move(spawned.oomMark), [weak] {
    const auto self = weak.lock();
    if (!self || self->dead_) return;
    self->death_.lose();
    self->die();
  });
  items_.emplace(ItemChannel::Callbacks{.ringWorker =
                                            [this] {
                                              if (conversation_) conversation_->ring();
                                            },
                                        .complain =
                                            [weak, &reactor = env_.reactor](std::string what) {
                                              reactor.callSoon([weak, what = std::move(what)] {
                                                const auto self = weak.lock();
                                                if (self && !self->dead_) self->complain(what);
                                              });
                                            }});
  conversation_.emplace(env_, std::move(spawned.channels), kj::mv(spawned.requestReadEnd),
                        Conversation::Callbacks{.onEvents =
                                                    [weak] {
                                                      if (auto self = weak.lock())
                                                        self->handleEvents();
                                                    },
                                                .onWritten =
                                                    [weak] {
                                                      if (auto self = weak.lock()) self->written();
                                                    },
                                                .onParentNews =
                                                    [weak] {
                                                      const auto self = weak.lock();
                                                      if (self && !self->dead_) {
                                                        self->handleParentNews();
                                                      }
                                                    },
                                                .onBell = [this] { bellRung(); }});
  intake_.emplace(ResultIntake::Parts{.worker = *this,
                                      .owner = env_.owner,
                                      .jobs = inFlight_,
                                      .page = *page_,
                                      .conversation = *conversation_,
                                      .giveUps = giveUps_,
                                      .progress = progress_,
                                      .items = *items_,
                                      .output = *child_->output()});
  child_->onExit([this](const ExitStatus& status) { exited(status); });
}

void WorkerProcess::startIsLate() {
  // Its own end is about to be reported, or a debugger holds it.
  if (child_->process().hasEnded()) return;
  if (child_->isHeldByDebugger()) {
    startTimer_ = env_.clock.callLater(env_.options.grace, [this] { startIsLate(); });
    return;
  }
  const auto giveUp = [this] {
    if (child_->process().hasEnded()) return;
    end(DeathCause::startup, SIGKILL,
        "it did not answer the handshake in time" + child_->tracerNote());
  };
  // Something may have held up the loop while its greeting lay in the pipe.
  if (!conversation_->link().readPending()) return giveUp();
  startTimer_ = env_.clock.callLater(env_.options.grace, giveUp);
}

void WorkerProcess::endLease(std::uint64_t lease) {
  conversation_->endLease(lease);
  leaseTimer_ = env_.clock.callLater(env_.options.startTimeout, [this] { leaseEndIsLate(); });
}

// The answer may lie unread, because something has held up the loop.
void WorkerProcess::leaseEndIsLate() {
  if (child_->process().hasEnded()) return;
  if (child_->isHeldByDebugger() || conversation_->link().readPending()) {
    leaseTimer_ = env_.clock.callLater(env_.options.grace, [this] { leaseEndIsLate(); });
    return;
  }
  end(DeathCause::unresponsive, SIGKILL,
      "it did not destroy the session of a lease in time" + child_->tracerNote());
}

bool WorkerProcess::verdictPending() const {
  if (state_ != WorkerState::ending) return false;
  // Killed for it, and gone in a moment, unless the kernel holds it.
  if (death_.cause() == DeathCause::startup && child_ && child_->killIsPending()) return true;
  const bool gone = death_.hasExited() || !child_;
  return gone && death_.unexpected();
}

std::uint32_t WorkerProcess::find(FunctionName function) const {
  return static_cast<std::uint32_t>(functions_.at(function.name, function.signature));
}

WorkerStatus WorkerProcess::status() const {
  const auto job = page_ ? page_->blamed() : std::nullopt;
  return {.number = number_,
          .pid = child_ ? child_->process().pid() : 0,
          .state = state_,
          .job = job ? inFlight_.job(*job).id : 0,
          .jobsServed = inFlight_.answered()};
}

bool WorkerProcess::beginEnding(DeathCause cause, std::string detail) {
  stopWatches();
  death_.blame(cause, std::move(detail));
  if (state_ == WorkerState::ending) return false;
  state_ = WorkerState::ending;
  report();
  return true;
}

void WorkerProcess::retire(DeathCause cause) {
  if (!beginEnding(cause, {})) return;
  conversation_->shutDown();
  child_->killAfterGrace();
}

void WorkerProcess::end(DeathCause cause, int signal, std::string detail) {
  if (dead_) return;
  const bool begins = beginEnding(cause, std::move(detail));
  if (child_) return child_->end(signal);
  if (begins) dieSoon();
}

void WorkerProcess::stopWatches() {
  startTimer_.cancel();
  leaseTimer_.cancel();
  takeUp_.stop();
  giveUps_.stop();
}

void WorkerProcess::abandon() {
  stopWatches();
  progress_.stop();
  if (items_) items_->finish();
  state_ = WorkerState::ending;
  dead_ = true;
  if (lastWords_) lastWords_->stop();
  lastWords_.reset();
  intake_.reset();
  conversation_.reset();
  if (child_) child_->output()->close();
  child_.reset();
}

}  // namespace phial::inline v1::detail
