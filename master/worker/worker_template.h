// The template process of a pool: the workers of PoolOptions::warm are forked from it.
//
//   nothing --first worker--> preparing --prepared--> prepared --its death--> pausing --> preparing
//                                 |                                              ^
//                                 +--killed from outside-------------------------+
//                                 +--failed: the workers that wait do not start--> nothing
//
// A prepared template always keeps one forked process in advance, the spare, which the next worker
// takes. The loop therefore never waits for a fork: a worker that comes while there is no spare
// waits for its turn.
//
// From the death of a template until the next one is prepared workers are spawned, and prepare
// themselves. They do not wait, because the pool may have lost workers with the template.
//
// Who dies with whom: the template and its spare end with the master and with this object. Workers
// that have been connected do not end with the template.
//
// Thread rule: the loop's. Calls no user code but the log, which may destroy the pool and is called
// last. Waiting workers are told from the loop.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/pool_options.h>
#include <phial/master/process.h>
#include <phial/master/reactor.h>
#include <phial/protocol/packet_socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/log/pool_log.h"
#include "master/worker/log_capture.h"
#include "master/worker/template_launch.h"
#include "master/worker/worker_ends.h"

namespace phial::inline v1::detail {

class WorkerTemplate : public std::enable_shared_from_this<WorkerTemplate> {
 public:
  /// Null: look again. Otherwise the template has not prepared: the certificate has its number, its
  /// status and its last words.
  using Waiter = std::function<void(const DeathCertificate* failure)>;

  /// Reactor, clock and options are borrowed. Starts nothing. REQUIRES: options.warm.
  WorkerTemplate(Reactor& reactor, Clock& clock, const PoolOptions& options,
                 std::shared_ptr<PoolLog> log);
  ~WorkerTemplate() { close(); }
  WorkerTemplate(const WorkerTemplate&) = delete;
  WorkerTemplate& operator=(const WorkerTemplate&) = delete;

  /// True if the next worker need not wait: it takes the spare, or is spawned if there is none.
  bool settled() const { return spare_ || spawnsMeanwhile_; }
  bool hasSpare() const { return spare_.has_value(); }
  /// Starts the template if there is none, and calls `waiter` once, when settled() or when the
  /// template has failed.
  void await(Waiter waiter);
  /// Makes the spare the worker of this number. Throws when the system is short of something; the
  /// spare stays then. REQUIRES: hasSpare().
  Process connect(std::uint64_t worker, const WorkerEnds& ends);

  /// The program may have changed: ends the template. The next one is prepared when a worker needs
  /// it, and workers wait for it.
  void renew();
  /// Ends the template. No waiter is called any more.
  void close();

 private:
  enum class State { nothing, preparing, prepared, pausing };

  struct Spare {
    Process process;
    kj::AutoCloseFd socket;
  };

  void launch();
  void launchAgainIn(Duration pause);
  void watchTime(std::string complaint);
  void hear();
  void handle(Packet& packet);
  void adopt(pid_t pid, Packet& packet);
  void hasRefused(int error);
  void exited();
  void readLastLines();
  void conclude();
  void fail(DeathCertificate death);
  void fallBack(std::string why);
  void tellWaiters(std::shared_ptr<const DeathCertificate> failure = nullptr);
  DeathCertificate certificate() const;
  void drop();
  Duration nextPause();
  void say(LogLevel level, const std::string& text) const;

  Reactor& reactor_;
  Clock& clock_;
  const PoolOptions& options_;
  const std::shared_ptr<PoolLog> log_;
  State state_ = State::nothing;
  bool spawnsMeanwhile_ = false;
  std::optional<LaunchedTemplate> template_;
  std::shared_ptr<LogCapture> output_;
  Watch watch_;  // of the template's socket
  std::string complaint_;
  std::optional<Spare> spare_;
  std::vector<Waiter> waiters_;
  DelayedCall timer_;       // of a pause, or of what the template takes too long for
  unsigned deaths_ = 0;     // in a row, without a healthy spell
  unsigned shortages_ = 0;  // in a row
  TimePoint preparedAt_{};
  bool refusalSaid_ = false;
  bool closed_ = false;
};

}  // namespace phial::inline v1::detail
