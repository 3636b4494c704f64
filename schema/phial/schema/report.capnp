@0x9f6c1d5e83b20a47;
# How a call failed, as whoever ran it tells somebody farther away.
#
# A worker tells its master of a job by value.capnp's Failure. A Report is what the program behind
# the master is told: it can name every error of Phial's, and holds the certificates of the workers
# that died. It is what a pool behind a socket, or on another machine, answers with.
#
# To grow: add a member to an enum or a field to a struct, never reuse a number. A reader that
# meets an error it does not know keeps its type's name, its text and its certificates' words.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("phial::schema");

using import "value.capnp".Failure;

struct Report {
  # One failed call.

  error @0 :Error;
  # Which error of Phial's it is.

  failure @1 :Failure;
  # Type, text, traceback, code, and whether the function was certainly never entered.

  story @2 :Text;
  # What the program's own people are told, where that is more than the text; otherwise null. It
  # may hold what a worker printed.

  certificates @3 :List(DeathCertificate);
  # Of the workers that died of it, in the order of their deaths.

  element :union {
    # Which element of a range it concerns.
    unknown @4 :Void;
    index @5 :UInt64;
  }

  enum Error {
    none @0;                 # Phial reports nothing beyond what the failure says itself
    timeLimit @1;            # Deferred::addTimeout
    deadlineExceeded @2;
    jobTimedOut @3;          # with a certificate, as the next one
    softTimeoutExceeded @4;
    queueFull @5;
    poolStopped @6;
    reactorStopped @7;
    workerDied @8;           # with a certificate
    poisonJob @9;            # with a certificate for each death
    startupFailed @10;       # with a certificate
    protocol @11;
    noSuchInterface @12;
  }
}

struct DeathCertificate {
  # How one worker process ended, and why.

  worker @0 :UInt64;
  # The pool's number for the worker, from 1.

  pid @1 :Int32;
  # Its process id on its machine; 0 when it could not be spawned.

  status :union {
    unknown @2 :Void;
    # Somebody else has taken the status.

    exited @3 :UInt8;
    # The code that it passed to exit.

    signalled @4 :Int32;
    # The number of the signal that ended it.
  }

  coreDumped @5 :Bool;
  # Of a signal.

  cause @6 :Cause;
  # The first reason, whatever followed from it.

  phase @7 :Phase;
  # What the worker was doing at the end.

  job @8 :UInt64;
  # The pool's number for the job that it had been given; 0 when it had none.

  begun @9 :Bool;
  # Whether it had taken up that job.

  function @10 :Text;
  label @11 :Text;

  progress :union {
    # How far the job had come by its own reports.
    none @12 :Void;
    fraction @13 :Float64;
  }

  element :union {
    # The element of a range that a chunk of a map was at.
    none @14 :Void;
    index @15 :UInt64;
  }

  jobsServed @16 :UInt64;
  uptimeNanoseconds @17 :Int64;
  userMicroseconds @18 :Int64;
  systemMicroseconds @19 :Int64;

  peakRss :union {
    unknown @20 :Void;
    bytes @21 :UInt64;
  }

  stderrTail @22 :List(Text);
  # The last lines of its stderr, oldest first.

  stderrHead @23 :List(Text);
  # The first lines of its last job, when that wrote more than the tail holds.

  stderrLeftOut @24 :UInt64;
  # How many lines lie between head and tail.

  traceback @25 :List(Text);
  # Where it was when it crashed, innermost function first.

  detail @26 :Text;
  # What else the pool knew; may be empty.

  enum Cause {
    crash @0;
    memory @1;
    timeout @2;
    softTimeout @3;
    deadline @4;
    cancel @5;
    recycle @6;
    shutdown @7;
    protocol @8;
    startup @9;
    damaged @10;
    unresponsive @11;
    reaped @12;
    killed @13;
  }

  enum Phase {
    starting @0;
    idle @1;
    decoding @2;
    running @3;
    encoding @4;
    delivering @5;
    stopping @6;
  }
}
