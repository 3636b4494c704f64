@0xe1b7c85fd3a9420c;
# The least that a remote call can be.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("perf");

interface NoOp {
  call @0 () -> ();
}
