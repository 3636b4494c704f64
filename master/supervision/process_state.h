// A child process from spawn to its last callback.
#pragma once

#include <phial/master/process.h>
#include <phial/master/reactor.h>

#include <deque>

#include "master/supervision/child_reaper.h"
#include "master/supervision/launcher.h"

namespace phial {

class Process::State : public std::enable_shared_from_this<State> {
 public:
  State(Reactor& reactor, detail::ChildReaper& reaper, detail::Launched launched,
        ProcessGroup group);

  /// Watches for the end.
  void watch();
  /// The owner has let go: ends the child, if it runs, and calls nobody any more.
  void abandon();

  pid_t pid() const { return pid_; }
  kj::AutoCloseFd takePipe(int childFd);
  bool kill(int signal);
  bool killGroup(int signal);
  const std::optional<ExitStatus>& status() const { return status_; }
  const ResourceUse& resources() const { return resources_; }
  void onExit(std::function<void(const ExitStatus&)> f);

 private:
  void onPidfd();
  void killLeftovers();
  void settle(ExitStatus status, const ResourceUse& resources);
  void callNext();
  void callNextSoon();
  bool ownGroup() const { return group_ != ProcessGroup::kSpawners; }

  Reactor& reactor_;
  detail::ChildReaper& reaper_;
  const pid_t pid_;
  const ProcessGroup group_;
  const std::uint64_t rssFloorBytes_;
  kj::AutoCloseFd pidfd_;
  std::map<int, kj::AutoCloseFd> pipes_;
  Watch watch_;  // after pidfd_: goes first
  std::optional<ExitStatus> status_;
  ResourceUse resources_;
  std::deque<std::function<void(const ExitStatus&)>> onExit_;
};

namespace detail {
/// What Reactor::spawnProcess does.
Process spawn(Reactor& reactor, ChildReaper& reaper, const SpawnOptions& options);
}  // namespace detail

}  // namespace phial
