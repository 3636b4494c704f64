@0xb41c83d27f0e6a59;
# The conversation between a master and one worker process.
#
# It runs as Cap'n Proto two-party RPC over two pipes: descriptor 3 of the worker carries requests,
# descriptor 4 replies. The master is the client side; Worker is the worker's bootstrap interface.
#
# Life of a connection: describe once; then run, as often as the pool likes; then shutdown, or just
# the end of the request pipe. A worker that sees the end of its request pipe exits.
#
# Progress is no call. A job's reports lie on the control page, and eight bytes in the place of a
# message on the reply pipe, the bell, say that one has come: see phial/protocol/progress_board.h.
#
# The items of a stream are no calls either. They go through the room for results of the job's batch,
# in the order in which they were emitted, and a side that sleeps is woken by the bell: see
# phial/protocol/item_ring.h. The signature of such a function ends with Emit. A stream travels
# alone, and its answer, which has no value, comes when all its items have been written.
#
# What a worker may do is bounded by its master, which ends one that goes beyond it: how many calls
# may be unfinished, how many messages may wait for the worker to read them, how many capabilities
# one message may carry, and which kinds of messages it may send at all.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("phial::schema");

using import "value.capnp".Value;
using import "value.capnp".Failure;
using import "report.capnp".Report;

const protocolVersion :UInt32 = 5;
# Raised when an old peer could misunderstand a new one. Additions that an old peer may ignore do
# not raise it.

interface Worker {
  # What a worker offers to its master.

  describe @0 (master :MasterInfo) -> (worker :WorkerInfo);
  # The handshake, the first call on a connection. Returns when the worker's onStart functions
  # have run; their failure is in the answer, not an RPC error.

  run @1 (jobs :List(Job)) -> (result :JobResult);
  # Runs a batch of jobs, one after the other, in order. A batch of one is answered with its
  # result. In a larger batch each result lies in the memory behind the control page as soon as its
  # job has ended. When a result finds no room there, the batch ends with this job, and the answer
  # brings the result. The result of the answer is null when all results lie in memory.
  # The worker never begins the jobs of a batch that it has answered. Those that it has not begun by
  # then are the master's again, and so are those that the master has taken back, in their slots of
  # the control page. Every other job of the batch has exactly one result.
  # A job that fails is a result with a failure; the call itself fails only when the connection
  # or the worker does.

  shutdown @2 () -> ();
  # Answers, then runs the worker's onStop functions and exits with status 0. Jobs that had been
  # sent before are finished first.

  start @3 (call :Job) -> (failure :Failure);
  # What the master's program wants done before the first job: calls right after the handshake, each
  # sent when the one before has been answered. The job has no number and no slot. Answered when the
  # function has returned; the failure is null if it did. After a failure the worker exits.

  reserved @4 () -> ();
  # Not used: a worker answers that it does not implement it.

  endLease @5 (lease :UInt64) -> ();
  # The lease of this number is over: the worker destroys what its jobs have kept in their session,
  # then answers. Sent when the worker holds no job.
}

interface Parent {
  # What a job may ask of the master: calls into its own pool. A worker gets it in the handshake.
  # Finishing a call before its answer takes it back.

  call @0 (call :ChildCall) -> (result :ChildResult);
  # Runs a function in another worker, as a job: the child of the job that calls. Answered when it
  # has ended. Finishing the call earlier cancels the child.

  await @1 (job :UInt64, calls :List(UInt64)) -> (end :WaitEnd);
  # The job does nothing but wait: for the answers to these of its calls, by their numbers, or, when
  # the list is empty, for something else that the master is to say. As long as this call lasts, the
  # worker gets no further job, and the pool may run another worker in its place. Answered when all
  # of these calls have been answered, or one of them with a failure, or when the job is to wait no
  # longer. A worker makes one such call at a time.
}

struct ChildCall {
  # A call of a job's.

  job @0 :UInt64;
  # The job that calls.

  number @1 :UInt64;
  # The worker's number for the call, counted from 1 and never used again.

  function @2 :Text;
  signature @3 :Text;
  # As Function says; an empty signature selects the function by its name alone.

  arguments @4 :List(Value);
  # One value an argument, in order.
}

struct ChildResult {
  # How a child ended.

  union {
    value @0 :Value;
    # What the function returned.

    failure @1 :Report;
    # Why it did not return.
  }
}

struct WaitEnd {
  # Why a job is to wait no longer.

  enum Reason {
    answered @0;    # what it waited for has been answered
    cancelled @1;   # the job is to give up
    tooMany @2;     # as many jobs wait as may
  }

  reason @0 :Reason;

  text @1 :Text;
  # For whoever reads the error; may be empty.
}

struct MasterInfo {
  # What a master says of itself in the handshake.

  protocolVersion @0 :UInt32;
  # The master's protocolVersion. A worker with another one says so in WorkerInfo and exits.

  buildId @1 :Text;
  # Which build of Phial the master holds: release and schema fingerprint.

  pid @2 :Int32;
  # The master's process id.

  pool @3 :Text;
  # The pool's name, for the worker's process title and its messages.

  worker @4 :UInt64;
  # The pool's number for this worker, counted from 1 and never used again.

  maxMessageBytes @5 :UInt64;
  # The most bytes in one message, either way.

  spinNanoseconds @6 :Int64;
  # How long the worker is to look for the next message before it sleeps.

  parent @7 :Parent;
  # For the jobs.

  exported @8 :AnyPointer;
  # The capability that the master's program exports to its jobs; null when it exports none.

  exportedIds @9 :List(UInt64);
  # The interface of that capability, and those that it extends.
}

struct WorkerInfo {
  # What a worker says of itself in the handshake.

  protocolVersion @0 :UInt32;
  # The worker's protocolVersion.

  buildId @1 :Text;
  # Which build of Phial the worker holds. The master refuses another one than its own.

  pid @2 :Int32;
  # The worker's process id as it sees it itself.

  functions @3 :List(Function);
  # What may be run. A job names its function by its index here.

  startFailure @4 :Failure;
  # Set when the worker cannot serve: onStart threw. The worker exits afterwards.
}

struct Function {
  # One function that a worker offers. Each method of an interface that it exports is one too.

  name @0 :Text;
  # Qualified name, such as "geometry::area", or the name it was registered by; of a method
  # interface and method, such as "Calculator.evaluate".

  signature @1 :Text;
  # C++ type, such as "bool (unsigned long)". Two functions of one name differ here. Of a method
  # "method 2 of @0x97983392df35cc36", by the interface that declares it.
}

struct Job {
  # One call of a function.

  id @0 :UInt64;
  # The pool's number for this job, counted from 1 and never used again.

  function @1 :UInt32;
  # Index into WorkerInfo.functions.

  arguments @2 :List(Value);
  # One value an argument, in order.

  label @3 :Text;
  # The caller's name for the job, for logs; may be empty.

  slot @4 :UInt16;
  # Its slot on the control page, which the worker claims before it begins the job. The slots of a
  # batch follow each other, from a multiple of 128 on.

  encoded @5 :List(Data);
  # Set in place of the arguments when these are large: the segments of a message of their own, whose
  # root is the List(Value). A segment that Data cannot hold goes on in the next piece; every piece
  # but its last has maxChunkBytes.

  files @6 :UInt32;
  # How many files its arguments refer to. They came before the message, through the worker's
  # socket, as the parcel of this job's number.

  params @7 :AnyPointer;
  # Set in place of the arguments when the function is a method of an interface: the struct of its
  # parameters, which may hold capabilities of the master's.

  lease @8 :UInt64;
  # The pool's number for the lease that the job belongs to, counted from 1 and never used again; 0
  # when it belongs to none. The jobs of one lease share a session.

  trace @9 :Text;
  # The W3C traceparent that the caller has given; may be empty.

  timed @10 :Bool;
  # Whether JobResult.decodeNanoseconds and encodeNanoseconds are wanted.
}

struct JobResult {
  # How one job ended.

  id @0 :UInt64;
  # The job's number.

  union {
    value @1 :Value;
    # What the function returned.

    failure @2 :Failure;
    # Why it did not return.

    results @8 :AnyPointer;
    # What a method of an interface returned: the struct of its results. One that holds capabilities
    # comes with the answer of its batch, never through memory.
  }

  runNanoseconds @3 :UInt64;
  # How long the function ran, without decoding and encoding, on the worker's monotonic clock.

  startedNanoseconds @4 :Int64;
  # When the function was entered, on the monotonic clock of the machine; 0 when it was not.

  files @5 :UInt32;
  # How many files the value refers to, which came as the parcel of this job's number.

  progress @6 :Progress;
  # The last report of progress that the job made; null when it made none. It travels with the
  # result because the next job's reports may have replaced it on the control page by now.

  decodeNanoseconds @9 :UInt32;
  # How long the worker read the arguments, from its first look at the job until the function was
  # entered. 0 when it was not measured; 4,294,967,295 also stands for more.

  encodeNanoseconds @10 :UInt32;
  # The same for writing the result, from the function's end.

  words @7 :UInt16;
  # At most how many words of 8 bytes this result needs in a message; 65,535 also stands for more.
  # From it the master learns how many jobs of a function fit into one batch.
}

struct Progress {
  # How far a job says it has come.

  number @0 :UInt64;
  # The reports of one worker are counted from 1.

  fraction @1 :Float64;
  # From 0 to 1.

  note @2 :Text;
  # For a person; at most 256 bytes, may be empty.
}
