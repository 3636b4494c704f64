#include <phial/master/process.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "master/process/pidfd.h"
#include "master/process/process_state.h"

namespace phial::inline v1 {

std::map<int, ChildDescriptor> spawnersOutputs() {
  return {{1, SpawnersOutput{}}, {2, SpawnersOutput{}}};
}

SpawnError::SpawnError(std::string step, std::string path, int code)
    : Error("cannot start a process: " + step + ": " + std::strerror(code)),
      step_(std::move(step)),
      path_(std::move(path)),
      code_(code) {}

std::string SpawnError::describe() const {
  return "cannot start a process: " + step_ + " " + path_ + ": " + std::strerror(code_);
}

Process::Process(std::shared_ptr<State> state) : state_(std::move(state)) {}

Process::~Process() {
  if (state_) state_->abandon();
}

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  const auto old = std::exchange(state_, std::move(other.state_));
  if (old) old->abandon();
  return *this;
}

pid_t Process::pid() const { return state_->pid(); }
kj::AutoCloseFd Process::takePipe(int childFd) { return state_->takePipe(childFd); }
bool Process::kill(int signal) { return state_->kill(signal); }
bool Process::killGroup(int signal) { return state_->killGroup(signal); }
bool Process::hasEnded() const { return state_->hasEnded(); }
bool Process::stopped() const { return state_->stopped(); }
Process::Termination Process::terminate() { return state_->terminate(); }
int Process::pidfd() const { return state_->pidfd(); }
const std::vector<std::string>& Process::refused() const { return state_->refused(); }
const std::optional<ExitStatus>& Process::status() const { return state_->status(); }
const ResourceUse& Process::resources() const { return state_->resources(); }
void Process::onExit(std::function<void(const ExitStatus&)> f) { state_->onExit(std::move(f)); }

Deferred<ExitStatus> Process::exited() {
  auto made = newDeferred<ExitStatus>();
  onExit([resolver = std::move(made.resolver)](const ExitStatus& status) {
    resolver.callback(status);  // swallowed when it was cancelled
  });
  return std::move(made.deferred);
}

Process::State::State(Reactor& reactor, detail::ChildReaper& reaper, detail::Launched launched,
                      ProcessGroup group)
    : reactor_(reactor),
      reaper_(reaper),
      pid_(launched.pid),
      group_(group),
      rssFloorBytes_(launched.rssFloorBytes),
      pidfd_(kj::mv(launched.pidfd)),
      pipes_(std::move(launched.pipes)),
      lifeline_(launched.lifeline),
      refused_(std::move(launched.refused)) {}

void Process::State::watch() {
  const std::weak_ptr<State> weak = weak_from_this();
  if (pidfd_.get() < 0) {
    // Reaped before we could look. The end is still news from the loop, as always.
    reactor_.callSoon([weak] {
      if (const auto self = weak.lock()) self->settle(StatusUnknown{}, {});
    });
    return;
  }
  watch_ = reactor_.addReader(pidfd_, [weak] {
    if (const auto self = weak.lock()) self->onPidfd();
  });
}

void Process::State::onPidfd() {
  if (group_ == ProcessGroup::ownKilledAtExit) killLeftovers();
  const auto end = detail::reap(pidfd_, detail::Wait::kPoll, rssFloorBytes_);
  if (!end) return;
  if (group_ == ProcessGroup::ownKilledAtExit) reaper_.adoptGroup(pid_);
  settle(end->status, end->resources);
}

// Before the leader is reaped: until then no other process or group can have its number.
void Process::State::killLeftovers() {
  if (detail::isZombie(pidfd_)) ::kill(-pid_, SIGKILL);
}

void Process::State::settle(ExitStatus status, const ResourceUse& resources) {
  watch_.stop();
  pidfd_ = nullptr;
  status_ = status;
  resources_ = resources;
  callNext();
}

void Process::State::callNext() {
  if (onExit_.empty()) return;
  const auto f = std::move(onExit_.front());
  onExit_.pop_front();
  // The others even if this one throws, none if it drops the Process.
  if (!onExit_.empty()) callNextSoon();
  f(*status_);
}

void Process::State::callNextSoon() {
  reactor_.callSoon([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->callNext();
  });
}

void Process::State::abandon() {
  if (mark_.inherited()) return detail::keepForever(shared_from_this());
  onExit_.clear();
  watch_.stop();
  if (pidfd_.get() < 0) return;
  using Killed = detail::ChildReaper::Killed;
  const auto killed = terminate() == Termination::refused ? Killed::no : Killed::yes;
  reaper_.adopt(kj::mv(pidfd_), ownGroup() ? pid_ : 0, killed);
}

Process::Termination Process::State::terminate() {
  if (mark_.inherited() || pidfd_.get() < 0) return Termination::alreadyEnded;
  if (ownGroup() ? killGroup(SIGKILL) : kill(SIGKILL)) return Termination::killed;
  // Of a group whose leader changed its user another member may still be sent signals.
  if (kill(SIGKILL)) return Termination::killed;
  if (errno != EPERM) return Termination::alreadyEnded;
  return cutLifeline() ? Termination::byLifeline : Termination::refused;
}

// The kernel then signals the group in the name of whoever armed the lifeline: of the child as it
// was when it was spawned, whose rights this process may have given up since.
bool Process::State::cutLifeline() { return pipes_.erase(lifeline_) != 0; }

kj::AutoCloseFd Process::State::takePipe(int childFd) {
  const auto found = pipes_.extract(childFd);
  if (found.empty()) {
    throw std::invalid_argument("Process: no pipe at descriptor " + std::to_string(childFd));
  }
  return kj::mv(found.mapped());
}

bool Process::State::kill(int signal) {
  if (mark_.inherited()) return false;  // the parent's child, not ours
  return pidfd_.get() >= 0 && detail::signalPidfd(pidfd_, signal);
}

bool Process::State::killGroup(int signal) {
  if (!ownGroup()) throw std::logic_error("Process::killGroup: it has no group of its own");
  if (mark_.inherited() || pidfd_.get() < 0) return false;
  // While the leader runs or is a zombie, the group's number is its own. That this process may not
  // signal the leader does not matter here.
  if (!detail::signalPidfd(pidfd_, 0) && errno != EPERM) return false;
  return ::kill(-pid_, signal) == 0;
}

bool Process::State::hasEnded() const { return pidfd_.get() < 0 || detail::hasEnded(pidfd_); }

bool Process::State::stopped() const { return pidfd_.get() >= 0 && detail::isStopped(pidfd_); }

void Process::State::onExit(std::function<void(const ExitStatus&)> f) {
  onExit_.push_back(std::move(f));
  if (status_ && onExit_.size() == 1) callNextSoon();
}

}  // namespace phial::inline v1
