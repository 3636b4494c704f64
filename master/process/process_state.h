// A child process from spawn to its last callback.
#pragma once

#include <kj/io.h>
#include <phial/master/process.h>
#include <phial/master/reactor.h>
#include <phial/protocol/fork_mark.h>

#include <deque>

#include "master/process/child_reaper.h"
#include "master/process/launcher.h"

namespace phial::inline v1 {

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
  bool hasEnded() const;
  bool stopped() const;
  Termination terminate();
  int pidfd() const { return pidfd_; }
  const std::vector<std::string>& refused() const { return refused_; }
  const std::optional<ExitStatus>& status() const { return status_; }
  const ResourceUse& resources() const { return resources_; }
  void onExit(std::function<void(const ExitStatus&)> f);

 private:
  void onPidfd();
  void killLeftovers();
  void settle(ExitStatus status, const ResourceUse& resources);
  void callNext();
  void callNextSoon();
  bool cutLifeline();
  bool ownGroup() const { return group_ != ProcessGroup::spawners; }

  const detail::ForkMark mark_;
  Reactor& reactor_;
  detail::ChildReaper& reaper_;
  const pid_t pid_;
  const ProcessGroup group_;
  const std::uint64_t rssFloorBytes_;
  kj::AutoCloseFd pidfd_;
  std::map<int, kj::AutoCloseFd> pipes_;
  const int lifeline_;  // its number among the pipes, or -1
  const std::vector<std::string> refused_;
  Watch watch_;  // after pidfd_: goes first
  std::optional<ExitStatus> status_;
  ResourceUse resources_;
  std::deque<std::function<void(const ExitStatus&)>> onExit_;
};

}  // namespace phial::inline v1
