#include <phial/master/process.h>

#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "master/supervision/pidfd.h"
#include "master/supervision/process_state.h"

namespace phial {

SpawnError::SpawnError(std::string step, std::string path, int code)
    : Error("cannot start a process: " + step + " " + path + ": " + std::strerror(code)),
      step_(std::move(step)),
      path_(std::move(path)),
      code_(code) {}

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
      pipes_(std::move(launched.pipes)) {}

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
  if (group_ == ProcessGroup::kOwnKilledAtExit) killLeftovers();
  const auto end = detail::reap(pidfd_, detail::Wait::kPoll, rssFloorBytes_);
  if (end) settle(end->status, end->resources);
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
  onExit_.clear();
  watch_.stop();
  if (pidfd_.get() < 0) return;
  if (!ownGroup() || !killGroup(SIGKILL)) kill(SIGKILL);
  reaper_.adopt(kj::mv(pidfd_));
}

kj::AutoCloseFd Process::State::takePipe(int childFd) {
  const auto found = pipes_.extract(childFd);
  if (found.empty()) {
    throw std::invalid_argument("Process: no pipe at descriptor " + std::to_string(childFd));
  }
  return kj::mv(found.mapped());
}

bool Process::State::kill(int signal) {
  return pidfd_.get() >= 0 && detail::signalPidfd(pidfd_, signal);
}

bool Process::State::killGroup(int signal) {
  if (!ownGroup()) throw std::logic_error("Process::killGroup: it has no group of its own");
  // While the leader runs or is a zombie, the group's number is its own.
  return kill(0) && ::kill(-pid_, signal) == 0;
}

void Process::State::onExit(std::function<void(const ExitStatus&)> f) {
  onExit_.push_back(std::move(f));
  if (status_ && onExit_.size() == 1) callNextSoon();
}

namespace detail {

Process spawn(Reactor& reactor, ChildReaper& reaper, const SpawnOptions& options) {
  auto state =
      std::make_shared<Process::State>(reactor, reaper, launch(options), options.processGroup);
  Process process(state);  // ends the child if watching fails
  state->watch();
  return process;
}

}  // namespace detail
}  // namespace phial
