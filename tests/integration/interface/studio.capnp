@0xd6f0c3a1b7e94d25;
# Interfaces that the workers of these tests export, and some that they do not.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("studio");

interface Studio {
  add @0 (a :Int32, b :Int32) -> (sum :Int32);
  whoAmI @1 () -> (pid :Int32, job :UInt64, label :Text);
  echo @2 (bytes :Data) -> (bytes :Data);
  fail @3 (how :Text) -> ();
  # "runtime", "kj", "overloaded", "later" or "crash".
  waitFor @4 (path :Text) -> ();
  # Opens the FIFO at the path, and returns when it is closed.
  heed @5 (path :Text) -> (cancelled :Bool);
  # Announces itself at the path, and returns when it is cancelled.
  later @6 (milliseconds :UInt32) -> (value :UInt32);
  # By a promise.
  openCounter @7 (start :Int32) -> (counter :Counter);
  callBack @8 (callback :Callback, times :Int32) -> (sum :Int32);
  # Calls back with 1 to `times`, one at a time, and returns the sum of what it got.
  keep @9 (callback :Callback) -> ();
  # Keeps the callback in the worker.
  callKept @10 (value :Int32) -> (value :Int32);
  progress @11 (path :Text) -> ();
  # Reports half, and waits as waitFor.
  same @12 (counter :Counter) -> (same :Bool);
  # Whether it is an object of this worker's, and its own.
  read @13 (counter :Counter) -> (value :Int32, pid :Int32);
  # Counts on, and says who did.
}

interface Counter {
  next @0 () -> (value :Int32, pid :Int32);
  fork @1 () -> (counter :Counter);
  # Another one that begins where this one stands.
  crash @2 ();
  waitFor @3 (path :Text) -> ();
}

interface Callback {
  call @0 (value :Int32) -> (value :Int32);
}

interface Painter extends(Studio) {
  # Exported as a whole; a client of Studio cannot tell it from one.
  paint @0 (width :UInt32) -> (pixels :List(UInt8));
}

interface Box(T) {
  put @0 (value :T) -> (previous :T);
}

interface Stranger {
  # Nobody exports it.
  greet @0 () -> (words :Text);
}
