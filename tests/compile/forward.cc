// <phial/fwd.h> alone is enough to mention Phial's classes, and agrees with all that defines them.
#include <phial/fwd.h>

class Service {
 public:
  explicit Service(phial::Reactor& reactor, const phial::PoolOptions& options);
  phial::Deferred<int> count(const phial::JobOptions& options);
  phial::EventualResult<int> countFromThread();
  void finish(phial::Resolver<int> resolver, phial::Outcome<int> outcome);
  void report(const phial::Failure& failure, const phial::DeathCertificate& certificate);
  phial::AnyValue describe(const phial::SharedArray<double>& row, phial::Function<int(int)> f);

 private:
  phial::ProcessPool* pool_;
  phial::Submitter* submitter_;
  phial::BlockingPool* blocking_;
};

#include <phial/master.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_lock.h>
#include <phial/master/deferred_queue.h>
#include <phial/master/eventual_result.h>
#include <phial/master/gather_results.h>
#include <phial/master/generator.h>
#include <phial/master/process.h>
#include <phial/master/reactor_thread.h>
#include <phial/protocol/any_value.h>
#include <phial/protocol/message.h>
#include <phial/protocol/shared_array.h>
#include <phial/schema/value.capnp.h>
#include <phial/worker.h>

#include <concepts>
#include <utility>

// A name that fwd.h alone declared would stay incomplete, or be ambiguous.
template <class... T>
inline constexpr bool kComplete = (... && (sizeof(T) > 0));

using namespace phial;
static_assert(kComplete<Deferred<int>, Resolver<int>, NewDeferred<int>, Outcome<int>,
                        EventualResult<int>, DeferredListResult<int>, DeferredQueue<int>,
                        DeferredHandle, DeferredLock, DeferredSemaphore, LockGuard, Scope>);
static_assert(kComplete<Failure, Error, AlreadyCalledError, CancelledError, CircularWaitError,
                        DeadlineExceeded, EncodingError, FailureGroup, FirstError, JobTimedOut,
                        PoisonJob, PoolStopped, ProtocolError, QueueFull, ReactorStopped,
                        RemoteError, SoftTimeoutExceeded, SpawnError, StartupFailed, TimeLimit,
                        TimeoutError, UnknownFunction, WorkerDied, DeathCertificate>);
static_assert(
    kComplete<Clock, Cooperator, CooperativeTask, DelayedCall, LoopingCall, ManualClock, Process,
              Reactor, ReactorThread, SignalWatch, SystemEventTrigger, ThreadPool, Watch,
              Environment, ReactorThreadOptions, SpawnOptions, ThreadPoolOptions>);
static_assert(
    kComplete<BlockingPool, BlockingSubmitter, Histogram, Observation, Pool, PoolObserver,
              ProcessPool, Submitter, JobOptions, JobReport, Limits, LogRecord, MapOptions,
              PoolOptions, PoolStats, RestartOptions, StopOptions, WorkerStatus>);
static_assert(kComplete<AnyValue, Emit<int>, Stream<int>, Values, ValueReader, ValueWriter,
                        Codec<int>, Convert<int>*, Function<int(int)>, Message<schema::Value>,
                        SharedArray<double>, CurrentJob, Worker, WorkerHooks>);

phial::Deferred<int> use(phial::ProcessPool& pool) { return pool.deferToProcess<int>("count"); }
