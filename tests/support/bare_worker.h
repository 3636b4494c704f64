// A worker's end of the conversation without the worker library: for programs that mean to get it
// wrong.
#pragma once

#include <phial/schema/worker.capnp.h>

/// Serves `worker` on a worker's pipes until the master has gone.
void serveBare(phial::schema::Worker::Client worker);
