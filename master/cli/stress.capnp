@0xd7a1c0f2b94e3d58;
# What the command's own workers export for `phial stress --interface`.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("stress");

interface Stress {
  scramble @0 (seed :UInt64) -> (value :UInt64);
  # scramble(seed), checked by the caller.

  visit @1 (seed :UInt64, visitor :Visitor) -> (value :UInt64);
  # What the visitor, an object of the master's, says of the seed.

  open @2 (seed :UInt64) -> (chain :Chain);
  # An object that stays in the worker.
}

interface Visitor {
  scramble @0 (seed :UInt64) -> (value :UInt64);
}

interface Chain {
  next @0 () -> (value :UInt64);
  # scramble() of what the last call gave, at first of the seed.
}
