// Forward declarations of the classes that users name.
//
// For headers of a program's own that only mention these classes: a member that is a pointer or a
// reference, the parameters and the result of a function that is declared. This header includes no
// other. A program cannot declare the classes itself, because they are in an inline namespace whose
// name may change with the ABI.
//
// Enumerations and aliases of standard types are not here; the headers that define them are.
#pragma once

#pragma GCC visibility push(default)

namespace phial::inline v1 {

// --- Results that arrive later ---

template <class T>
class Deferred;
template <class T>
class Resolver;
template <class T>
struct NewDeferred;
template <class T>
class Outcome;
template <class T>
class EventualResult;
template <class T>
class DeferredListResult;
template <class T>
class DeferredQueue;
class DeferredHandle;
class DeferredLock;
class DeferredSemaphore;
class LockGuard;
class Scope;

// --- Errors ---

class Failure;
class Error;
class AlreadyCalledError;
class CancelledError;
class CircularWaitError;
class DeadlineExceeded;
class EncodingError;
class FailureGroup;
class FirstError;
class JobTimedOut;
class NoSuchInterface;
class PoisonJob;
class PoolStopped;
class ProtocolError;
class QueueFull;
class ReactorStopped;
class RemoteError;
class SoftTimeoutExceeded;
class SpawnError;
class StartupFailed;
class TimeLimit;
class TimeoutError;
class UnknownFunction;
class WorkerDied;
struct DeathCertificate;

// --- The loop ---

class Clock;
class Cooperator;
class CooperativeTask;
class DelayedCall;
class LoopingCall;
class ManualClock;
class Process;
class Reactor;
class ReactorThread;
class SignalWatch;
class SystemEventTrigger;
class ThreadPool;
class Watch;
struct Environment;
struct ReactorThreadOptions;
struct SpawnOptions;
struct ThreadPoolOptions;

// --- Pools ---

class BatchObserver;
class BlockingPool;
class BlockingSubmitter;
class Histogram;
class Lease;
class Observation;
class Pool;
class PoolObserver;
class ProcessPool;
class Submitter;
template <class T>
class Stream;
struct JobEvent;
struct JobOptions;
struct JobReport;
struct LeaseOptions;
struct Limits;
struct LogRecord;
struct MapOptions;
struct PoolOptions;
struct PoolStats;
struct RestartOptions;
struct StopOptions;
struct WorkerStatus;

// --- Values ---

class AnyValue;
class ValueReader;
class ValueWriter;
class Values;
template <class T>
struct Codec;
template <class T>
struct Convert;
template <class T>
class Emit;
template <class Signature>
struct Function;
template <class S>
class Message;
template <class T>
class SharedArray;

// --- Workers ---

class CurrentJob;
class Worker;
struct WorkerHooks;

}  // namespace phial::inline v1

#pragma GCC visibility pop
