// What becomes events of a trace, and when the writer gets them.
//
// The events gather in a text. The text goes to the writer when it has 64 KiB, and 100 ms after its
// first event. The recorder knows how long the file is, so it decides when a new one begins, and
// repeats there the names of all that lives.
//
// Thread rule: the reactor's.
#pragma once

#include <phial/master/job_event.h>
#include <phial/protocol/fork_mark.h>
#include <phial/service/trace_file.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "master/service/trace_events.h"
#include "master/service/trace_writer.h"

namespace phial::inline v1 {

class TraceFile::Recorder : public std::enable_shared_from_this<TraceFile::Recorder> {
 public:
  Recorder(Reactor& reactor, TraceFileOptions options);
  ~Recorder() { timer_.cancel(); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void add(std::string name, Pool& pool);
  Deferred<void> flush();
  std::uint64_t jobs() const { return jobs_; }
  std::uint64_t jobsLeftOut() const { return jobsLeftOut_; }
  /// Ends all observations, and waits for the writer. Calls user code.
  void stop();
  /// Whether this is a process forked from the recorder's own.
  bool inherited() const { return mark_.inherited(); }

  // What the pools' observers report. `pool` is the pool's number.

  void job(std::uint64_t pool, const JobEvent& event);
  /// All of a batch has been given to job().
  void batchEnd() { gathered(); }
  void workerSpawned(std::uint64_t pool, std::uint64_t worker);
  void workerDied(std::uint64_t pool, const DeathCertificate& death);
  void poolEnded(std::uint64_t pool) { ended_.insert(pool); }

 private:
  class PoolTracer;
  struct TracedPool {
    std::string name;
    std::set<std::uint64_t> workers;  // that live, as far as their rows have been named
    std::uint64_t lastDead = 0;
    Observation observation;
  };

  bool admit(TimePoint at);
  void nameRow(std::uint64_t pool, std::uint64_t worker);
  void noteLeftOut();
  void gathered();
  void handOver();
  std::string header() const;
  void lost(std::uint64_t jobs);
  void failed(const std::string& text) const;
  void reached(std::uint64_t mark);

  Reactor& reactor_;
  const TraceFileOptions options_;
  const detail::ForkMark mark_;
  std::map<std::uint64_t, TracedPool> pools_;  // by number, from 1
  std::set<std::uint64_t> ended_;
  std::uint64_t lastPool_ = 0;
  std::string events_;
  std::uint64_t jobsInEvents_ = 0;
  std::uint64_t fileBytes_ = 0;  // 0: no file was begun yet
  std::uint64_t jobs_ = 0;
  std::uint64_t jobsLeftOut_ = 0;
  std::uint64_t leftOutUnsaid_ = 0;
  TimePoint windowEnd_{};
  std::uint64_t jobsInWindow_ = 0;
  DelayedCall timer_;
  std::map<std::uint64_t, Resolver<void>> flushes_;  // by their marks
  std::uint64_t lastMark_ = 0;
  std::unique_ptr<detail::TraceWriter> writer_;  // null after stop()
};

}  // namespace phial::inline v1
