// The ways in which a job carries its fuse into a worker.
#pragma once

#include <phial/master.h>
#include <phial/worker.h>

#include "fuse.h"

namespace matrix {

/// Makes `worker` export the method that carries a fuse.
void exportBench(phial::Worker& worker);

/// Hands `fuse` to a worker of `pool` in the way that its stage asks for: as a call of light(), as
/// one in a lease of its own, or as a call of the exported method.
phial::Deferred<Parcel> carry(phial::ProcessPool& pool, phial::JobOptions options, Fuse fuse);

/// The name of the function that carries a fuse of `stage`, as a certificate has it.
const char* carrierOf(Stage stage);

}  // namespace matrix
