// Reactor::spawnProcess, in both forms.
#include <phial/master/process_protocol.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "master/process/child_connection.h"
#include "master/process/process_state.h"
#include "master/process/spawn_plan.h"
#include "master/reactor/reactor_core.h"

namespace phial::inline v1 {
namespace {

SpawnOptions spawnOptions(std::string program, std::vector<std::string> args,
                          const ProcessSpawnOptions& options) {
  SpawnOptions spawn;
  spawn.executable = std::move(program);
  spawn.args = std::move(args);
  spawn.environment = options.environment;
  spawn.directory = options.directory;
  spawn.descriptors = options.childFds;
  spawn.processGroup = options.processGroup;
  spawn.limits = options.limits;
  spawn.uid = options.uid;
  spawn.gid = options.gid;
  spawn.pty = options.pty;
  return spawn;
}

}  // namespace

Process Reactor::spawnProcess(const SpawnOptions& options) {
  core_->requireOwnProcess("spawnProcess");
  core_->thread().requireInDebug("Reactor::spawnProcess");
  if (!core_->children) {
    core_->children = std::make_unique<detail::ChildReaper>(core_->watches, core_->timers);
  }
  auto& reaper = static_cast<detail::ChildReaper&>(*core_->children);
  auto state = std::make_shared<Process::State>(*this, reaper, detail::launch(options),
                                                detail::groupOf(options));
  Process process(state);  // ends the child if watching fails
  state->watch();
  return process;
}

ProcessTransport Reactor::spawnProcess(std::shared_ptr<ProcessProtocol> protocol,
                                       std::string program, std::vector<std::string> args) {
  return spawnProcess(std::move(protocol), std::move(program), std::move(args),
                      ProcessSpawnOptions());
}

ProcessTransport Reactor::spawnProcess(std::shared_ptr<ProcessProtocol> protocol,
                                       std::string program, std::vector<std::string> args,
                                       ProcessSpawnOptions options) {
  if (!protocol) throw std::invalid_argument("Reactor::spawnProcess: the protocol is null");
  if (core_->closed) throw ReactorStopped("the reactor has ended");
  Process process = spawnProcess(spawnOptions(std::move(program), std::move(args), options));
  auto& reaper = static_cast<detail::ChildReaper&>(*core_->children);
  auto connection =
      std::make_shared<detail::ChildConnection>(*this, reaper, protocol, std::move(process));
  connection->open(options);
  reaper.keep(connection);
  ProcessTransport transport(std::move(connection));
  core_->guard.call([&] { protocol->makeConnection(transport); });
  return transport;
}

}  // namespace phial::inline v1
