@0xb2f6d0a4c18e7935;
# What the matrix's workers export, for the faults that strike in a method.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("matrix_bench");

interface Bench {
  light @0 (stage :UInt16, fault :UInt16, seed :UInt64) -> (worker :Int32);
  # Carries a fuse to its stage, as the function light() does.
}
