@0x8f3a52c6d1e7b904;
# What the masters of these tests export to their jobs.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("registry");

interface Named {
  name @0 () -> (name :Text);
}

interface Registry extends(Named) {
  add @0 (a :Int32, b :Int32) -> (sum :Int32);
  fail @1 (text :Text) -> ();
  never @2 () -> ();
  # Answered when the test likes.
  runJob @3 (n :Int32) -> (result :Int32);
  # Runs a job of the same pool.
}

interface Other {
  nothing @0 () -> ();
}
